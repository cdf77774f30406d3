/* System calls whose events are made of their arguments: a table says where each parameter comes
 * from (crates/lanner-probe/src/tables/calls.tsv). The others have programs of their own. */
#include "lib/record.h"
#include "lib/socket.h"
#include "lib/task.h"

#define MOST_PARAMETERS 10
#define MOST_CALLS 512

/* Where a parameter comes from. Compared with crates/lanner-probe/src/calls.rs. */
enum source {
    SOURCE_NOTHING,
    SOURCE_RESULT,
    SOURCE_S64,
    SOURCE_S32, /* in 64 bits: descriptors and process ids */
    SOURCE_U64,
    SOURCE_U32,
    SOURCE_U16,
    SOURCE_U8,
    SOURCE_STRING,
    SOURCE_BYTES,
    SOURCE_ADDRESS,
    SOURCE_TUPLE,
    SOURCE_DEVICE,
    SOURCE_INODE,
};

/* A parameter: its source, which argument (6 is the result), and which argument is its length. */
struct parameter {
    u8 source;
    u8 argument;
    u8 length;
    u8 unused;
};

/* What is made of a call: nothing when `code` is 0; `program` when it has one of its own. */
struct call {
    u16 code;
    u8 parameters;
    u8 program;
    struct parameter list[MOST_PARAMETERS];
};

struct calls {
    struct call of[MOST_CALLS];
};

struct {
    MAP_NUMBER(type, MAP_ARRAY);
    MAP_NUMBER(max_entries, MOST_CALLS);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct call);
} calls SECTION(".maps");

struct {
    MAP_NUMBER(type, MAP_PROGRAMS);
    MAP_NUMBER(max_entries, 16);
    MAP_NUMBER(key_size, 4);
    MAP_NUMBER(value_size, 4);
} programs SECTION(".maps");

/* The process that reads the ring: its own calls are not looked at. */
const volatile u32 own_process = 0;

INLINE u64 argument(const u64 *arguments, u32 number) {
    return arguments[number & 7];
}

INLINE void arguments_of(struct pt_regs *registers, s64 result, u64 *arguments) {
    arguments[0] = GET(registers, di);
    arguments[1] = GET(registers, si);
    arguments[2] = GET(registers, dx);
    arguments[3] = GET(registers, r10);
    arguments[4] = GET(registers, r8);
    arguments[5] = GET(registers, r9);
    arguments[6] = result;
    arguments[7] = 0;
}

INLINE void put_parameter(struct writer *writer, const struct parameter *parameter,
                          const u64 *arguments, struct task_struct *task) {
    u64 value = argument(arguments, parameter->argument);
    switch (parameter->source) {
    case SOURCE_RESULT:
    case SOURCE_S64:
    case SOURCE_U64:
        put_u64(writer, value);
        break;
    case SOURCE_S32:
        put_s64(writer, (s32)value);
        break;
    case SOURCE_U32:
        put_u32(writer, value);
        break;
    case SOURCE_U16:
        put_u16(writer, value);
        break;
    case SOURCE_U8:
        put_u8(writer, value);
        break;
    case SOURCE_STRING:
        put_user_string(writer, (void *)value);
        break;
    case SOURCE_BYTES:
        put_user_bytes(writer, (void *)value, argument(arguments, parameter->length), 80);
        break;
    case SOURCE_ADDRESS:
        put_user_address(writer, (void *)value, argument(arguments, parameter->length));
        break;
    case SOURCE_TUPLE:
        put_tuple(writer, socket_of(file_of(task, (s32)value)), parameter->length);
        break;
    case SOURCE_DEVICE:
        put_u32(writer, device_of(file_of(task, (s32)value)));
        break;
    case SOURCE_INODE:
        put_u64(writer, inode_of(file_of(task, (s32)value)));
        break;
    default:
        put_nothing(writer);
    }
}

/* Every system call ends here. */
SECTION("tp_btf/sys_exit")
int on_exit(u64 *context) {
    struct pt_regs *registers = (struct pt_regs *)context[0];
    u32 number = GET(registers, orig_ax);
    struct call *call = map_lookup(&calls, &number);
    if (!call || !call->code)
        return 0;
    u64 ids = current_pid_tgid();
    if (ids >> 32 == own_process)
        return 0;
    if (call->program)
        tail_call(context, &programs, call->program);
    struct writer *writer = begin(call->code, call->parameters, (u32)ids);
    if (!writer)
        return 0;
    u64 arguments[8];
    arguments_of(registers, context[1], arguments);
    struct task_struct *task = (struct task_struct *)current_task();
    for (u32 i = 0; i < MOST_PARAMETERS; i++) {
        if (i >= call->parameters)
            break;
        put_parameter(writer, &call->list[i], arguments, task);
    }
    send(writer);
    return 0;
}
char license_[] SECTION("license") = "GPL";
