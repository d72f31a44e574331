#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Well-formed requests, so that a refusal is one of the call and not of its arguments. */
static void tell(const char *what, long result)
{
    printf("%s %s\n", what, result < 0 ? strerrorname_np(errno) : "allowed");
}

int main(void)
{
    struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}};
    union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1};
    union bpf_attr program = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2};
    program.insns = (__u64)(unsigned long)code;
    program.license = (__u64)(unsigned long)"GPL";
    struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event, .config = PERF_COUNT_SW_CPU_CLOCK,
                                    .exclude_kernel = 1};
    tell("map", syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map));
    tell("program", syscall(SYS_bpf, BPF_PROG_LOAD, &program, sizeof program));
    tell("own counter", syscall(SYS_perf_event_open, &event, 0, -1, -1, 0));
    tell("counter of a processor", syscall(SYS_perf_event_open, &event, -1, 0, -1, 0));
}
