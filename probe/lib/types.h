/* Integers, and what programs and maps are declared with. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;

#define SECTION(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))

/* The members of a map's declaration say its properties by their types. */
#define MAP_NUMBER(name, value) int (*name)[value]
#define MAP_TYPE(name, type) __typeof__(type) *name

enum map_type {
    MAP_HASH = 1,
    MAP_ARRAY = 2,
    MAP_PROGRAMS = 3,
    MAP_PER_CPU_ARRAY = 6,
    MAP_RING = 27,
};
