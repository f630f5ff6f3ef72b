/* Joins a group and prints what happens in it, views and messages in their one order:
 * hello_receive GROUP [COUNT]. Ends after COUNT messages, or never. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "torc/torc.h"

static int failed(const char* what, int result) {
    fprintf(stderr, "hello_receive: %s: %s\n", what, torc_strerror(result));
    return EXIT_FAILURE;
}

static void print_view(const torc_message* view) {
    static const char* const causes[] = {"join", "leave", "disconnect", "network"};
    printf("view of %s after a %s:", view->group, causes[view->cause & 3]);
    torc_names members = view->members; /* a walk advances the list: walk a copy */
    for (const char* name; (name = torc_names_next(&members)) != NULL;) printf(" %s", name);
    printf("\n");
}

/* Gives 1 for a message, 0 for everything else. */
static int print_record(const torc_message* record) {
    switch (record->kind) {
        case TORC_MESSAGE:
            printf("%s says: %.*s\n", record->sender, (int)record->size, (const char*)record->data);
            return 1;
        case TORC_VIEW:
            print_view(record);
            return 0;
        case TORC_TRANSITIONAL:
            printf("the network changed: until the next view only some of %s may hear this\n",
                   record->group);
            return 0;
        case TORC_WARNING:
            printf("%" PRIu64 " of %" PRIu64 " bytes wait: this program is too slow\n",
                   record->fill_bytes, record->capacity_bytes);
            return 0;
        case TORC_REFUSED:
            printf("refused: %s\n", torc_strerror(record->reason));
            return 0;
        default: /* kinds of a later version, and TORC_SELF_LEAVE, which we never ask for */
            return 0;
    }
}

static int receive_all(torc_session* session, long count) {
    for (long seen = 0; count < 0 || seen < count;) {
        torc_message record;
        const int result = torc_receive(session, &record, TORC_FOREVER);
        if (result != TORC_OK) return failed("receive", result); /* the daemon went, for one */
        seen += print_record(&record);
        torc_release(session, &record); /* now its memory may be written again */
        fflush(stdout);
    }
    return EXIT_SUCCESS;
}

int main(int argc, char** argv) {
    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: hello_receive GROUP [COUNT]\n");
        return EXIT_FAILURE;
    }
    torc_options options = {.size = sizeof options,
                            .runtime_dir = getenv("TORC_RUNTIME_DIR"),
                            .daemon = getenv("TORC_DAEMON")};
    torc_session* session;
    int result = torc_connect(&options, &session);
    if (result != TORC_OK) return failed("connect", result);
    result = torc_join(session, argv[1], TORC_FOREVER);
    const int code = result == TORC_OK
                         ? receive_all(session, argc == 3 ? strtol(argv[2], NULL, 10) : -1)
                         : failed("join", result);
    torc_close(session);
    return code;
}
