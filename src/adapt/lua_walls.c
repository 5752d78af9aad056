/* lua_walls: what the rules' process gives up before it reads its first byte.
 *
 * No descriptor but its socket, none new, no file that grows, no process, no core, bounded memory
 * and processor time; and where the kernel has seccomp, only the system calls listed below. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lua_private.h"

enum {
	PROCESSOR_MAX_S = 300,                /* lua_process_worn replaces the process long before */
	SPACE_MORE = 320 * 1024 * 1024, /* Lua's memory, messages and their trees */
};

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef THIS_ARCH
#define ALLOW(number) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
/* Allowed unless its third argument asks for memory that can be executed. */
#define ALLOW_DATA(number)                                                                     \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 4),                                   \
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),    \
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),                         \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),                          \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Memory, the clock, its one socket, and leaving; everything else fails with EPERM. */
static bool forbid_calls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(__NR_recvfrom),
		ALLOW(__NR_sendto),
		ALLOW(__NR_exit_group),
		ALLOW(__NR_exit),
		ALLOW(__NR_brk),
		ALLOW(__NR_munmap),
		ALLOW(__NR_mremap),
		ALLOW(__NR_madvise),
		ALLOW(__NR_futex),
		ALLOW(__NR_clock_gettime),
		ALLOW(__NR_rt_sigreturn),
		ALLOW(__NR_rt_sigprocmask),
		ALLOW(__NR_sched_yield),
#if defined(__SANITIZE_ADDRESS__)
		ALLOW(__NR_sigaltstack), /* asked at each longjmp, Lua's way to raise an error */
		ALLOW(__NR_write),       /* last words */
#endif
		ALLOW_DATA(__NR_mmap),
		ALLOW_DATA(__NR_mprotect),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
#else
static bool forbid_calls(void)
{
	return false;
}
#endif

static void quiet_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	/* The terminal's signals are pare's to answer: it ends this process. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Credentials come through the environment: none of its bytes stay readable. */
static void forget_environment(void)
{
	for (char **at = environ; at != NULL && *at != NULL; at++)
		explicit_bzero(*at, strlen(*at));
	clearenv();
}

static void close_range_slowly(unsigned first, unsigned last)
{
	struct rlimit open_files;
	unsigned most = 65536;
	if (getrlimit(RLIMIT_NOFILE, &open_files) == 0 && open_files.rlim_cur < most)
		most = (unsigned)open_files.rlim_cur;
	for (unsigned i = first; i <= last && i < most; i++)
		close((int)i);
}

static void close_between(unsigned first, unsigned last)
{
	if (first > last)
		return;
#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, last, 0) == 0)
		return;
#endif
	close_range_slowly(first, last);
}

static void close_the_rest(int *fd)
{
	if (*fd < 3)
		*fd = fcntl(*fd, F_DUPFD, 3);
	if (*fd < 0)
		_exit(1);
	int nowhere = open("/dev/null", O_RDWR);
	for (int i = 0; i < 3; i++)
		if (nowhere < 0)
			close(i);
		else if (nowhere != i)
			dup2(nowhere, i);
	close_between(3, (unsigned)*fd - 1);
	close_between((unsigned)*fd + 1, ~0u);
}

static void limit(int resource, rlim_t most)
{
	struct rlimit l;
	if (getrlimit(resource, &l) != 0)
		return;
	if (l.rlim_max != RLIM_INFINITY && l.rlim_max < most)
		most = l.rlim_max;
	l = (struct rlimit){most, most};
	setrlimit(resource, &l);
}

/* Sanitizers reserve terabytes of addresses: there the allocator's own count has to do. */
static void limit_space(void)
{
#if !defined(__SANITIZE_ADDRESS__)
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	if (f == NULL)
		return;
	bool read = fscanf(f, "%lu", &pages) == 1;
	fclose(f);
	if (read)
		limit(RLIMIT_AS, (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + SPACE_MORE);
#endif
}

bool lua_walls(int *fd, bool filter)
{
	quiet_signals();
	forget_environment();
	prctl(PR_SET_DUMPABLE, 0);
	limit_space();
	close_the_rest(fd);
	limit(RLIMIT_CPU, PROCESSOR_MAX_S);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NPROC, 0);
	limit(RLIMIT_MEMLOCK, 0);
	limit(RLIMIT_NOFILE, 0);
	bool kept = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
	return !filter || (kept && forbid_calls());
}
