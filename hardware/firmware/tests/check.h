/* The smallest test frame: CHECK counts, a test that fails says where. */
#ifndef TW_CHECK_H
#define TW_CHECK_H

#include <stdio.h>

extern unsigned checks, failures;

#define CHECK(condition, ...)                                                                                          \
    do {                                                                                                               \
        checks++;                                                                                                      \
        if (!(condition)) {                                                                                            \
            failures++;                                                                                                \
            printf("%s:%d: %s is not so: ", __FILE__, __LINE__, #condition);                                           \
            printf(__VA_ARGS__);                                                                                       \
            printf("\n");                                                                                              \
        }                                                                                                              \
    } while (0)

void test_vectors(void);
void test_parts(void);
void test_sensors(void);
void test_device(void);

#endif
