/* Sockets: addresses and both ends, in the form that captures have. */
#pragma once

#include "record.h"

enum family {
    FAMILY_UNIX = 1,
    FAMILY_IPV4 = 2,
    FAMILY_IPV6 = 10,
};

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define UNIX_PATH 108

INLINE u16 swapped(u16 port) {
    return __builtin_bswap16(port);
}

INLINE struct sock *socket_of(struct file *file) {
    if (!file)
        return 0;
    struct inode *inode = GET(file, f_inode);
    if (!inode || (GET(inode, i_mode) & S_IFMT) != S_IFSOCK)
        return 0;
    struct socket *socket = GET(file, private_data);
    return socket ? GET(socket, sk) : 0;
}

INLINE u32 append(struct writer *writer, u32 size, const void *from, u32 count) {
    read_kernel(&writer->bytes[(writer->at + size) & (RECORD_SIZE - 1)], count, from);
    return size + count;
}

INLINE u32 append_u8(struct writer *writer, u32 size, u8 value) {
    writer->bytes[(writer->at + size) & (RECORD_SIZE - 1)] = value;
    return size + 1;
}

INLINE u32 append_u16(struct writer *writer, u32 size, u16 value) {
    *(u16 *)&writer->bytes[(writer->at + size) & (RECORD_SIZE - 1)] = value;
    return size + 2;
}

INLINE u32 append_u64(struct writer *writer, u32 size, u64 value) {
    *(u64 *)&writer->bytes[(writer->at + size) & (RECORD_SIZE - 1)] = value;
    return size + 8;
}

/* The path that a Unix socket is bound to; abstract ones begin with a NUL. */
INLINE u32 append_unix_path(struct writer *writer, u32 size, struct unix_sock *socket) {
    struct unix_address *address = socket ? GET(socket, addr) : 0;
    s32 length = address ? GET(address, len) - 2 : 0;
    if (length <= 0)
        return append_u8(writer, size, 0);
    if (length > UNIX_PATH)
        length = UNIX_PATH;
    u8 *to = &writer->bytes[(writer->at + size) & (RECORD_SIZE - 1)];
    read_kernel(to, length & 127, (u8 *)PLACE(address, name) + 2);
    size += length & 127;
    return append_u8(writer, size, 0);
}

/* An address as user space passes it. */
struct user_address {
    u16 family;
    u16 port;
    union {
        struct {
            u32 ipv4;
        };
        struct {
            u32 flow;
            u8 ipv6[16];
        };
        u8 path[UNIX_PATH];
    };
};

INLINE int is_unknown(const u8 *address, u32 length) {
    u32 any = 0;
    for (u32 i = 0; i < 16; i += 4)
        if (i < length)
            any |= *(const u32 *)(address + i);
    return !any;
}

INLINE u32 append_end(struct writer *writer, u32 size, const u8 *address, u32 length, u16 port) {
    u8 *to = &writer->bytes[(writer->at + size) & (RECORD_SIZE - 1)];
    if (length == 4)
        __builtin_memcpy(to, address, 4);
    else
        __builtin_memcpy(to, address, 16);
    return append_u16(writer, size + length, port);
}

/* Both ends of a socket; `named` is where user space has the address of the other one, if the
 * socket itself has none. */
INLINE void put_tuple(struct writer *writer, struct sock *sock, int in, const void *named) {
    if (!sock) {
        put_nothing(writer);
        return;
    }
    u16 family = GET(sock, __sk_common.skc_family);
    u32 size = append_u8(writer, 0, family);
    if (family == FAMILY_IPV4 || family == FAMILY_IPV6) {
        struct {
            u8 local[16];
            u8 remote[16];
        } ends = {0};
        u16 local_port = GET(sock, __sk_common.skc_num);
        u16 remote_port = swapped(GET(sock, __sk_common.skc_dport));
        u32 length = family == FAMILY_IPV4 ? 4 : 16;
        if (family == FAMILY_IPV4) {
            read_kernel(ends.local, 4, PLACE(sock, __sk_common.skc_rcv_saddr));
            read_kernel(ends.remote, 4, PLACE(sock, __sk_common.skc_daddr));
        } else {
            read_kernel(ends.local, 16, PLACE(sock, __sk_common.skc_v6_rcv_saddr));
            read_kernel(ends.remote, 16, PLACE(sock, __sk_common.skc_v6_daddr));
        }
        if (named && !remote_port && is_unknown(ends.remote, length)) {
            u16 port = 0;
            read_user(&port, 2, named + 2);
            remote_port = swapped(port);
            if (family == FAMILY_IPV4)
                read_user(ends.remote, 4, named + 4);
            else
                read_user(ends.remote, 16, named + 8);
        }
        size = append_end(writer, size, in ? ends.remote : ends.local, length,
                          in ? remote_port : local_port);
        size = append_end(writer, size, in ? ends.local : ends.remote, length,
                          in ? local_port : remote_port);
    } else if (family == FAMILY_UNIX) {
        struct unix_sock *own = (struct unix_sock *)sock;
        struct unix_sock *other = (struct unix_sock *)GET(own, peer);
        size = append_u64(writer, size, (u64)(in ? other : own));
        size = append_u64(writer, size, (u64)(in ? own : other));
        struct unix_address *has_name = other ? GET(other, addr) : 0;
        if (!other && named) {
            u8 *to = &writer->bytes[(writer->at + size) & (RECORD_SIZE - 1)];
            long got = read_user_string(to, UNIX_PATH, named + 2);
            size = got > 0 ? size + (got & 127) : append_u8(writer, size, 0);
        } else {
            size = append_unix_path(writer, size, has_name ? other : own);
        }
    } else {
        size = 0;
    }
    end_parameter(writer, size);
}

/* An address that user space passed. */
INLINE void put_user_address(struct writer *writer, const void *from, u64 length) {
    struct user_address address = {0};
    if (!from || length < 2) {
        put_nothing(writer);
        return;
    }
    u32 most = length > sizeof(address) ? sizeof(address) : BELOW(length, 128);
    if (read_user(&address, most, from) < 0) {
        writer->flags |= RECORD_UNREADABLE;
        put_nothing(writer);
        return;
    }
    u32 size = append_u8(writer, 0, address.family);
    if (address.family == FAMILY_IPV4) {
        size = append(writer, size, &address.ipv4, 4);
        size = append_u16(writer, size, swapped(address.port));
    } else if (address.family == FAMILY_IPV6) {
        size = append(writer, size, &address.ipv6, 16);
        size = append_u16(writer, size, swapped(address.port));
    } else if (address.family == FAMILY_UNIX) {
        /* Behind the family comes the path, where the others have their port. */
        size = append(writer, size, &address.port, BELOW(most - 2, 128));
        size = append_u8(writer, size, 0);
    } else {
        size = 0;
    }
    end_parameter(writer, size);
}
