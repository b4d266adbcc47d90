#include "check.h"

unsigned checks, failures;

int main(void)
{
    test_vectors();
    test_parts();
    test_sensors();
    test_device();
    printf("%u checks, %u failures\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
