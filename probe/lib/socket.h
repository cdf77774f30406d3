/* Sockets: addresses and both ends, in the form that captures have. */
#pragma once

#include "record.h"

enum family {
    FAMILY_UNIX = 1,
    FAMILY_IPV4 = 2,
    FAMILY_IPV6 = 10,
};

/* Which end of a connection comes first. */
enum direction {
    DIRECTION_OUT, /* ours */
    DIRECTION_IN,  /* the other one's */
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

INLINE void put_tuple(struct writer *writer, struct sock *sock, u8 direction) {
    if (!sock) {
        put_nothing(writer);
        return;
    }
    u16 family = GET(sock, __sk_common.skc_family);
    u16 local_port = GET(sock, __sk_common.skc_num);
    u16 remote_port = swapped(GET(sock, __sk_common.skc_dport));
    u32 size = append_u8(writer, 0, family);
    if (family == FAMILY_IPV4 || family == FAMILY_IPV6) {
        u32 length = family == FAMILY_IPV4 ? 4 : 16;
        void *local = family == FAMILY_IPV4 ? (void *)PLACE(sock, __sk_common.skc_rcv_saddr)
                                            : (void *)PLACE(sock, __sk_common.skc_v6_rcv_saddr);
        void *remote = family == FAMILY_IPV4 ? (void *)PLACE(sock, __sk_common.skc_daddr)
                                             : (void *)PLACE(sock, __sk_common.skc_v6_daddr);
        int in = direction == DIRECTION_IN;
        size = append(writer, size, in ? remote : local, length);
        size = append_u16(writer, size, in ? remote_port : local_port);
        size = append(writer, size, in ? local : remote, length);
        size = append_u16(writer, size, in ? local_port : remote_port);
    } else if (family == FAMILY_UNIX) {
        struct unix_sock *own = (struct unix_sock *)sock;
        struct unix_sock *other = (struct unix_sock *)GET(own, peer);
        int in = direction == DIRECTION_IN;
        size = append_u64(writer, size, (u64)(in ? other : own));
        size = append_u64(writer, size, (u64)(in ? own : other));
        struct unix_address *named = other ? GET(other, addr) : 0;
        size = append_unix_path(writer, size, named ? other : own);
    } else {
        size = 0;
    }
    end_parameter(writer, size);
}

/* An address that user space passed. */
INLINE void put_user_address(struct writer *writer, const void *from, u64 length) {
    struct {
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
    } address = {0};
    if (!from || length < 2) {
        put_nothing(writer);
        return;
    }
    u32 most = length > sizeof(address) ? sizeof(address) : length & 127;
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
        size = append(writer, size, &address.port, UNIX_PATH);
        size = append_u8(writer, size, 0);
    } else {
        size = 0;
    }
    end_parameter(writer, size);
}

INLINE u32 device_of(struct file *file) {
    struct inode *inode = file ? GET(file, f_inode) : 0;
    struct super_block *block = inode ? GET(inode, i_sb) : 0;
    u32 device = block ? GET(block, s_dev) : 0;
    /* new_encode_dev: how user space sees it */
    u32 major = device >> 20, minor = device & 0xfffff;
    return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
}

INLINE u64 inode_of(struct file *file) {
    struct inode *inode = file ? GET(file, f_inode) : 0;
    return inode ? GET(inode, i_ino) : 0;
}
