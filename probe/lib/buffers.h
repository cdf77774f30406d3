/* Data in several buffers: iovec and msghdr. */
#pragma once

#include "call.h"
#include "record.h"

/* So much of the data of reads and writes is told. */
#define SNAPLEN 80
/* So many buffers are looked at. */
#define MOST_BUFFERS 4

/* A number that stands behind an address; what is not readable is 0, and told. */
INLINE u64 user_number(struct writer *writer, u64 place, u8 source) {
    u64 value = 0;
    long failed;
    if (source == SOURCE_U64)
        failed = read_user(&value, 8, (void *)place);
    else if (source == SOURCE_U16)
        failed = read_user(&value, 2, (void *)place);
    else if (source == SOURCE_U8)
        failed = read_user(&value, 1, (void *)place);
    else
        failed = read_user(&value, 4, (void *)place);
    if (failed < 0 && place > 4096)
        writer->flags |= RECORD_UNREADABLE;
    return value;
}

/* Pointers and lengths are of 32 bits in narrow calls, else of 64. */
INLINE u64 user_word(struct writer *writer, u64 base, u32 index) {
    u64 value = 0;
    u32 size = writer->narrow ? 4 : 8;
    if (read_user(&value, size, (void *)(base + index * size)) < 0)
        writer->flags |= RECORD_UNREADABLE;
    return value;
}

/* struct msghdr: name and its length, buffers and their number. */
INLINE u64 message_name(struct writer *writer, u64 message) {
    return message ? user_word(writer, message, 0) : 0;
}

INLINE u64 message_buffers(struct writer *writer, u64 *message) {
    u64 at = *message;
    *message = user_word(writer, at, 2);
    return user_word(writer, at, 3);
}

/* Data of reads and writes: only the beginning is told, which is no news. */
INLINE void put_data(struct writer *writer, const void *from, s64 size) {
    if (size < 0)
        size = 0;
    put_user_bytes(writer, from, size > SNAPLEN ? SNAPLEN : size, SNAPLEN);
}

/* What the buffers hold, as much as is told of data; or how much there is. */
INLINE void put_buffers(struct writer *writer, u64 list, u64 count, int data, s64 result) {
    u32 start = writer->at;
    writer->count = 0;
    for (u32 i = 0; i < MOST_BUFFERS; i++) {
        if (i >= count)
            break;
        u64 base = user_word(writer, list, 2 * i), size = user_word(writer, list, 2 * i + 1);
        if (!data) {
            writer->count += size;
            continue;
        }
        u32 told = writer->at - start;
        u64 most = result < SNAPLEN ? result : SNAPLEN;
        if (result <= 0 || told >= most)
            break;
        if (size > most - told)
            size = most - told;
        size = BELOW(size, 128);
        if (read_user(next_place(writer), size, (void *)base) < 0) {
            writer->flags |= RECORD_UNREADABLE;
            break;
        }
        writer->at += size;
    }
    if (data)
        end_parameter_at(writer, start);
    else
        put_u32(writer, writer->count);
}
