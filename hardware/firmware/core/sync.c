/* The sync line: trains of pulses with dithered spacing, and edges of jack and button (SPEC section 6). */
#include "bytes.h"
#include "parts.h"

#define BOUNCE_US 1000u
#define SOURCE_OUT 1u

static uint32_t xorshift32(uint32_t x)
{
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}

static void event(struct tw_device *device, const struct tw_edge *edge, uint32_t pulse, uint32_t seed)
{
    uint8_t *payload = tw_event_new(device, TW_SYNC_EVENT, 24, device->event_sequence++);
    if (payload != NULL) {
        tw_put64(payload + 4, edge->t_us);
        payload[12] = edge->source;
        payload[13] = edge->level;
        tw_put32(payload + 16, pulse);
        tw_put32(payload + 20, seed);
    }
}

static void set_output(struct tw_device *device, bool level)
{
    struct tw_train *train = &device->train;
    struct tw_edge edge = {.source = SOURCE_OUT, .level = level};
    edge.t_us = device->port->sync_out(device->port->context, level);
    train->lit = level;
    event(device, &edge, train->pulse, train->seed);
}

void tw_train_set(struct tw_device *device, uint8_t mode, uint16_t width_ms, uint32_t seed, uint64_t first_us)
{
    struct tw_train *train = &device->train;
    if (train->lit) {
        set_output(device, false);
    }
    train->mode = mode;
    train->width_us = 1000u * width_ms;
    train->seed = mode == 2 ? seed : 0;
    train->random = seed;
    train->pulse = 0;
    train->rise_us = first_us;
    train->next_us = first_us;
}

static void train_poll(struct tw_device *device, uint64_t now_us)
{
    struct tw_train *train = &device->train;
    if (train->mode == 0 || !tw_is_due(now_us, train->next_us)) {
        return;
    }
    if (!train->lit) {
        set_output(device, true);
        train->next_us = train->rise_us + train->width_us;
        return;
    }
    set_output(device, false);
    train->pulse++;
    if (train->mode == 1) {
        train->mode = 0;
        return;
    }
    train->random = xorshift32(train->random);
    train->rise_us += 1000u * (700u + train->random % 601u);
    train->next_us = train->rise_us;
}

void tw_device_edge(struct tw_device *device, uint8_t source, bool level, uint64_t t_us)
{
    unsigned head = atomic_load_explicit(&device->edge_head, memory_order_relaxed);
    if (head - atomic_load_explicit(&device->edge_tail, memory_order_acquire) >= TW_EDGES) {
        return; /* bouncing faster than the main loop runs: the first edges are the ones that count */
    }
    device->edges[head % TW_EDGES] = (struct tw_edge){.t_us = t_us, .source = source, .level = level};
    atomic_store_explicit(&device->edge_head, head + 1u, memory_order_release);
}

static void edges_poll(struct tw_device *device)
{
    unsigned tail = atomic_load_explicit(&device->edge_tail, memory_order_relaxed);
    while (tail != atomic_load_explicit(&device->edge_head, memory_order_acquire)) {
        struct tw_edge edge = device->edges[tail % TW_EDGES];
        atomic_store_explicit(&device->edge_tail, ++tail, memory_order_release);
        if (edge.source > 2) {
            continue;
        }
        bool bounce = device->edge_seen[edge.source] && edge.t_us - device->edge_before_us[edge.source] < BOUNCE_US;
        device->edge_before_us[edge.source] = edge.t_us;
        device->edge_seen[edge.source] = true;
        if (!bounce) {
            event(device, &edge, device->edge_number[edge.source]++, 0);
        }
    }
}

void tw_sync_poll(struct tw_device *device, uint64_t now_us)
{
    edges_poll(device);
    train_poll(device, now_us);
}
