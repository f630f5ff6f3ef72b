/* Shares tasks among the members of a flush group: flush_tasks GROUP TASKS MILLISECONDS.
 *
 * Task number t belongs to the member with rank t modulo the number of members. Whenever the
 * membership changes, ranks change, and nothing must be done twice or forgotten. The flush does it:
 *
 * - Before a change each member gets TORC_FLUSH_REQUEST. It reports what it has done, then answers
 *   torc_flush_ok() and does no more. Reports sent in a view arrive in that view at everybody who
 *   is in it, so those who come along to the next one agree on what is done.
 * - In the new view every member says what it knows to be done. A newcomer knows nothing, two sides
 *   of a healed partition know different things: the union is the truth. What is said in a view
 *   arrives in it, so as many messages as there are members are to be waited for, and no message
 *   needs to say which view it belongs to.
 *
 * A member that dies with a task done and not reported leaves that one to be done again: at least
 * once, at most one of each dead member twice. Ends when all is done. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "torc/torc.h"

enum { TASKS_MAX = 10000, KNOWS = 1, DID = 2 };

struct worker {
    torc_session* session;
    const char* group;
    long tasks;
    int64_t task_ns;
    unsigned char done[TASKS_MAX]; /* 1: somebody did it */
    uint32_t rank;
    uint32_t members; /* of the view; 0: none yet */
    uint32_t unheard; /* members that have not said what they know */
    int flushed;      /* answered: no work until the next view */
};

static int say(struct worker* worker, uint16_t type, const void* data, size_t size) {
    return torc_send(worker->session, TORC_AGREED, worker->group, type, data, size, TORC_FOREVER);
}

/* Next task of this member that nobody has done, or -1. */
static long next_task(const struct worker* worker) {
    if (worker->members == 0 || worker->unheard > 0 || worker->flushed) return -1;
    for (long task = worker->rank; task < worker->tasks; task += worker->members) {
        if (!worker->done[task]) return task;
    }
    return -1;
}

static int all_done(const struct worker* worker) {
    return worker->members > 0 && worker->unheard == 0 &&
           memchr(worker->done, 0, (size_t)worker->tasks) == NULL;
}

static int do_task(struct worker* worker, long task) {
    printf("do %ld\n", task); /* the work itself */
    fflush(stdout);
    worker->done[task] = 1; /* the report may still be on its way to ourselves */
    const uint32_t number = (uint32_t)task;
    return say(worker, DID, &number, sizeof number);
}

static int on_view(struct worker* worker, const torc_message* view) {
    torc_names members = view->members;
    const char* myself = torc_private_name(worker->session);
    worker->rank = 0;
    for (const char* name; (name = torc_names_next(&members)) && strcmp(name, myself) != 0;) {
        ++worker->rank;
    }
    worker->members = worker->unheard = view->members.count;
    worker->flushed = 0;
    printf("view of %u, %zu came with me\n", worker->members,
           torc_view_came_with_me(view, NULL, 0));
    return say(worker, KNOWS, worker->done, (size_t)worker->tasks);
}

static void on_message(struct worker* worker, const torc_message* message) {
    if (message->type == KNOWS && message->size == (size_t)worker->tasks) {
        const unsigned char* known = message->data;
        for (long task = 0; task < worker->tasks; ++task) worker->done[task] |= known[task];
        if (worker->unheard > 0) --worker->unheard;
    }
    uint32_t task;
    if (message->type == DID && message->size == sizeof task) {
        memcpy(&task, message->data, sizeof task);
        if (task >= (uint32_t)worker->tasks) return;
        worker->done[task] = 1;
        printf("%s did %u\n", message->sender, task);
    }
}

static int on_record(struct worker* worker, const torc_message* record) {
    switch (record->kind) {
        case TORC_MESSAGE:
            on_message(worker, record);
            return TORC_OK;
        case TORC_VIEW:
            return on_view(worker, record);
        case TORC_FLUSH_REQUEST: /* all that was done is reported already */
            worker->flushed = 1;
            return torc_flush_ok(worker->session, worker->group, TORC_FOREVER);
        case TORC_REFUSED:
            return record->reason;
        default:
            return TORC_OK;
    }
}

static int work(struct worker* worker) {
    while (!all_done(worker)) {
        const long task = next_task(worker);
        torc_message record;
        /* A task takes its time; what comes meanwhile goes first. */
        int result =
            torc_receive(worker->session, &record, task < 0 ? TORC_FOREVER : worker->task_ns);
        if (result == TORC_WOULD_BLOCK) {
            result = do_task(worker, task);
        } else if (result == TORC_OK) {
            result = on_record(worker, &record);
            torc_release(worker->session, &record);
        }
        fflush(stdout);
        if (result != TORC_OK) return result;
    }
    printf("all done\n");
    return TORC_OK;
}

int main(int argc, char** argv) {
    static struct worker worker;
    if (argc != 4 || (worker.tasks = strtol(argv[2], NULL, 10)) < 1 || worker.tasks > TASKS_MAX) {
        fprintf(stderr, "usage: flush_tasks GROUP TASKS MILLISECONDS\n");
        return EXIT_FAILURE;
    }
    worker.group = argv[1];
    worker.task_ns = strtol(argv[3], NULL, 10) * 1000000;
    torc_options options = {.size = sizeof options,
                            .runtime_dir = getenv("TORC_RUNTIME_DIR"),
                            .daemon = getenv("TORC_DAEMON")};
    int result = torc_connect(&options, &worker.session);
    if (result == TORC_OK) {
        result = torc_flush_join(worker.session, worker.group, TORC_FOREVER);
        if (result == TORC_OK) result = work(&worker);
        torc_close(worker.session);
    }
    if (result == TORC_OK) return EXIT_SUCCESS;
    fprintf(stderr, "flush_tasks: %s\n", torc_strerror(result));
    return EXIT_FAILURE;
}
