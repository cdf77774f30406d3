/* Events as they go into the ring: a header, the lengths of the parameters, the parameters; as in
 * captures but for the header. */
#pragma once

#include "helpers.h"
#include "kernel.h"
#include "types.h"

/* Compared with crates/lanner-probe/src/record.rs. */
struct header {
    u64 boot_time_ns;
    u32 tid;
    u32 size;
    u16 code;
    u16 cpu;
    u16 parameters;
    u16 flags;
};

enum record_flag {
    /* A parameter is not there, or not whole, because it could not be read or is too long. */
    RECORD_UNREADABLE = 1,
    RECORD_TRUNCATED = 2,
};

/* A record is at most so long. */
#define RECORD_SIZE 0x8000
/* A string or a buffer is at most so long, its NUL included. */
#define TEXT_SIZE 0x1000

#define MOST_GROUPS 8

/* A record that is being written, and what is remembered meanwhile. All of it is in a map: the
 * verifier does not follow values through one, and so need not look at every path there is. */
struct writer {
    /* Twice the size: what starts within the first half ends in the second. */
    u8 bytes[2 * RECORD_SIZE];
    volatile u32 at;
    volatile u32 parameter;
    volatile u32 flags;
    volatile u32 count;
    /* Pointers of the call are of 32 bits. */
    volatile u32 narrow;
    /* It is being written: nobody else may. */
    volatile u32 busy;
    volatile u64 nodes[MOST_GROUPS];
    /* Of the call, and what it returned. */
    volatile u64 arguments[8];
};

/* The place of the result behind the arguments. */
#define RESULT 6

/* One for each CPU; how many there are is set when it is made. (Values of per-CPU maps are too
 * small.) */
struct {
    MAP_NUMBER(type, MAP_ARRAY);
    MAP_NUMBER(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct writer);
} writers SECTION(".maps");

/* Its size is set when it is made. */
struct {
    MAP_NUMBER(type, MAP_RING);
    MAP_NUMBER(max_entries, 1 << 23);
} ring SECTION(".maps");

/* What was counted on a CPU. Compared with crates/lanner-probe/src/counters.rs. */
struct counts {
    u64 sent;
    u64 unreadable;
    u64 truncated;
};

struct {
    MAP_NUMBER(type, MAP_PER_CPU_ARRAY);
    MAP_NUMBER(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct counts);
} counters SECTION(".maps");

#define MOST_EVENT_TYPES 512

/* Events for which there was no room, by their type. */
struct {
    MAP_NUMBER(type, MAP_PER_CPU_ARRAY);
    MAP_NUMBER(max_entries, MOST_EVENT_TYPES);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, u64);
} dropped SECTION(".maps");

/* Whether the reader sleeps until something comes: else it comes by itself, and need not be woken,
 * which is what costs most. */
struct {
    MAP_NUMBER(type, MAP_ARRAY);
    MAP_NUMBER(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, u32);
} sleeping SECTION(".maps");

INLINE void count_dropped(u32 code) {
    u64 *count = map_lookup(&dropped, &code);
    if (count)
        *count += 1;
}

INLINE struct header *header_of(struct writer *writer) {
    return (struct header *)writer->bytes;
}

/* Begins a record; null when there is no room for it. */
INLINE struct writer *begin(u16 code, u16 parameters, u32 tid) {
    u32 cpu = current_cpu();
    struct writer *writer = map_lookup(&writers, &cpu);
    if (!writer)
        return 0;
    /* In kernels where such programs can be interrupted, another one may be at it. */
    if (writer->busy) {
        count_dropped(code);
        return 0;
    }
    writer->busy = 1;
    writer->narrow = 0;
    writer->at = sizeof(struct header) + 2 * (u32)parameters;
    writer->parameter = 0;
    writer->flags = 0;
    writer->nodes[0] = 0;
    struct header *header = header_of(writer);
    header->boot_time_ns = boot_time_ns();
    header->tid = tid;
    header->code = code;
    header->cpu = cpu;
    header->parameters = parameters;
    return writer;
}

/* Ends a parameter that is `size` bytes long and has been written already. */
INLINE void end_parameter(struct writer *writer, u32 size) {
    u32 place = sizeof(struct header) + 2 * (writer->parameter & 31);
    *(u16 *)&writer->bytes[place] = size;
    writer->parameter += 1;
    writer->at += size;
}

/* Ends a parameter that began at `start`, with all that was appended since. */
INLINE void end_parameter_at(struct writer *writer, u32 start) {
    u32 size = writer->at - start;
    writer->at = start;
    end_parameter(writer, size);
}

/* Where the next parameter goes. */
INLINE void *next_place(struct writer *writer) {
    return &writer->bytes[writer->at & (RECORD_SIZE - 1)];
}

#define PUT_NUMBER(name, type)                                                                     \
    INLINE void name(struct writer *writer, type number) {                                         \
        *(type *)next_place(writer) = number;                                                      \
        end_parameter(writer, sizeof(type));                                                       \
    }

PUT_NUMBER(put_u8, u8)
PUT_NUMBER(put_u16, u16)
PUT_NUMBER(put_u32, u32)
PUT_NUMBER(put_u64, u64)
PUT_NUMBER(put_s64, s64)

/* A parameter that is not known. */
INLINE void put_nothing(struct writer *writer) {
    end_parameter(writer, 0);
}

INLINE void put_read(struct writer *writer, long got) {
    if (got < 0) {
        writer->flags |= RECORD_UNREADABLE;
        got = 0;
    } else if (got == TEXT_SIZE) {
        writer->flags |= RECORD_TRUNCATED;
    }
    end_parameter(writer, got & (2 * TEXT_SIZE - 1));
}

/* A string of user space, with its NUL; nothing for a null pointer. */
INLINE void put_user_string(struct writer *writer, const void *from) {
    if (!from) {
        put_nothing(writer);
        return;
    }
    put_read(writer, read_user_string(next_place(writer), TEXT_SIZE, from));
}

INLINE void put_kernel_string(struct writer *writer, const void *from) {
    put_read(writer, read_kernel_string(next_place(writer), TEXT_SIZE, from));
}

/* Bytes of user space, as many as there is room for. */
INLINE void put_user_bytes(struct writer *writer, const void *from, u64 size, u32 most) {
    if (!from || !size) {
        put_nothing(writer);
        return;
    }
    if (size > most) {
        writer->flags |= RECORD_TRUNCATED;
        size = most;
    }
    size &= 2 * TEXT_SIZE - 1;
    if (read_user(next_place(writer), size, from) < 0) {
        writer->flags |= RECORD_UNREADABLE;
        size = 0;
    }
    end_parameter(writer, size);
}

/* Puts a record into the ring; what does not fit is counted. */
INLINE void hand_over(void *record, u32 size, u32 code, u32 problems) {
    u32 zero = 0;
    struct counts *counts = map_lookup(&counters, &zero);
    volatile u32 *sleeps = map_lookup(&sleeping, &zero);
    u64 flags = RING_NO_WAKEUP;
    if (sleeps && *sleeps) {
        *sleeps = 0;
        flags = RING_FORCE_WAKEUP;
    }
    if (ring_output(&ring, record, size, flags) < 0)
        count_dropped(code);
    else if (counts)
        counts->sent++;
    if (counts && problems) {
        counts->unreadable += problems & RECORD_UNREADABLE;
        counts->truncated += (problems & RECORD_TRUNCATED) >> 1;
    }
}

/* Hands the record over that was written. */
INLINE void send(struct writer *writer) {
    u32 size = writer->at & (RECORD_SIZE - 1);
    struct header *header = header_of(writer);
    header->size = size;
    header->flags = writer->flags;
    hand_over(writer->bytes, size, header->code, writer->flags);
    writer->busy = 0;
}
