/* System calls whose events are made of their arguments: a table says where each parameter comes
 * from (crates/lanner-probe/src/tables/calls.tsv). The others have programs of their own. */
#include "lib/buffers.h"
#include "lib/call.h"
#include "lib/files.h"
#include "lib/quick.h"
#include "lib/record.h"
#include "lib/socket.h"
#include "lib/task.h"

/* What does not fit into a byte has this bit. */
#define FOLDED 0x80

INLINE void put_tuple_of(struct writer *writer, const struct parameter *parameter,
                         struct task_struct *task) {
    struct sock *sock = socket_of(file_of(task, (s32)argument(writer, parameter->argument)));
    u64 named = 0;
    if (parameter->flags & PARAMETER_NAMED) {
        named = argument(writer, parameter->length);
        if (parameter->flags & PARAMETER_MESSAGE)
            named = message_name(writer, named);
    }
    put_tuple(writer, sock, parameter->flags & PARAMETER_IN, (void *)named);
}

INLINE void put_parameter(struct writer *writer, const struct parameter *parameter,
                          struct task_struct *task) {
    u64 value = argument(writer, parameter->argument);
    if (parameter->flags & PARAMETER_BEHIND)
        value = user_number(writer, value + parameter->offset, parameter->source);
    switch (parameter->source) {
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
        /* Some commands are numbered from 1024 on (native_flags.tsv). */
        put_u8(writer, value > 0xff ? FOLDED | (value & (FOLDED - 1)) : value);
        break;
    case SOURCE_CONSTANT:
        put_u16(writer, parameter->argument | parameter->length << 8);
        break;
    case SOURCE_OPEN_FLAGS:
        put_u32(writer, open_flags(writer, value, task));
        break;
    case SOURCE_STRING:
        put_user_string(writer, (void *)value);
        break;
    case SOURCE_BYTES:
        put_data(writer, (void *)value, argument(writer, parameter->length));
        break;
    case SOURCE_BUFFERS:
    case SOURCE_BUFFERS_SIZE: {
        u64 count = parameter->flags & PARAMETER_MESSAGE
                        ? message_buffers(writer, &value)
                        : argument(writer, parameter->length);
        put_buffers(writer, value, count, parameter->source == SOURCE_BUFFERS,
                    argument(writer, RESULT));
        break;
    }
    case SOURCE_ADDRESS:
        put_user_address(writer, (void *)value, argument(writer, parameter->length));
        break;
    case SOURCE_TUPLE:
        put_tuple_of(writer, parameter, task);
        break;
    case SOURCE_PLACE:
        put_place(writer, task);
        break;
    case SOURCE_INODE:
        put_u64(writer, inode_of(file_of(task, (s32)value)));
        break;
    case SOURCE_SOCKET:
        put_u64(writer, (u64)socket_of(file_of(task, (s32)value)));
        break;
    case SOURCE_DONE:
        break;
    default:
        put_nothing(writer);
    }
}

/* Every system call ends here. */
SECTION("tp_btf/sys_exit")
int on_exit(u64 *context) {
    struct task_struct *task = current_task();
    struct pt_regs *registers = (struct pt_regs *)context[0];
    u32 number = unfolded(registers, call_number(registers, task));
    struct call *call = map_lookup(&calls, &number);
    if (!call || !call->code)
        return 0;
    u64 ids = current_pid_tgid();
    if (ids >> 32 == own_process)
        return 0;
    int is_quick = call->program >= QUICK && number < I386;
    if (is_quick && call->program == QUICK_NUMBER) {
        tell_number(call, registers, context[1], ids);
        return 0;
    }
    if (call->program && call->program < QUICK)
        tail_call(context, &programs, call->program);
    if (is_quick) {
        struct writer *open = begin(call->code, call->parameters, ids);
        if (!open)
            return 0;
        open->arguments[RESULT] = context[1];
        if (call->program == QUICK_OPENAT)
            put_open(open, task, 1, (s32)FOLLOW(registers, di), (void *)FOLLOW(registers, si),
                     FOLLOW(registers, dx), FOLLOW(registers, r10));
        else
            put_open(open, task, 0, 0, (void *)FOLLOW(registers, di), FOLLOW(registers, si),
                     FOLLOW(registers, dx));
        send(open);
        return 0;
    }
    struct writer *writer = begin_call(call, registers, number, context[1]);
    if (!writer)
        return 0;
    if (number >= SOCKETCALLS && number < X32)
        unfold_arguments(writer);
    for (u32 i = 0; i < MOST_PARAMETERS; i++) {
        if (i >= call->parameters)
            break;
        put_parameter(writer, &call->list[i], task);
    }
    send(writer);
    return 0;
}
