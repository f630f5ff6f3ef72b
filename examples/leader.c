/* Elects a leader by membership alone: leader GROUP [VOTERS].
 *
 * A view lists the members in the same sequence everywhere, so the first of them is the leader and
 * nobody has to vote. All members see the same views in the same order; each prints a line at every
 * one, and the lines are equal. With VOTERS, the size of the whole group when nobody is missing,
 * only a side with more than half of them has a leader: of two sides of a partition at most one.
 *
 * What this does not give: the old leader of a side that was cut off hears of it only some time
 * later. Let a leader act through the group, by messages: then its commands have a place in the one
 * order, and whoever receives one behind the view that deposed its sender can tell. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "torc/torc.h"

static int failed(const char* what, int result) {
    fprintf(stderr, "leader: %s: %s\n", what, torc_strerror(result));
    return EXIT_FAILURE;
}

static void announce(const torc_session* session, const torc_message* view, long voters) {
    torc_names members = view->members;
    const char* first = torc_names_next(&members); /* a view has a member: at least this one */
    if (2 * (long)view->members.count <= voters) {
        printf("no leader: %u of %ld are here\n", view->members.count, voters);
    } else {
        const int myself = strcmp(first, torc_private_name(session)) == 0;
        printf("leader %s of %u%s\n", first, view->members.count, myself ? ", myself" : "");
    }
}

static int follow(torc_session* session, long voters) {
    for (;;) {
        torc_message record;
        const int result = torc_receive(session, &record, TORC_FOREVER);
        if (result != TORC_OK) return failed("receive", result);
        int refused = TORC_OK;
        switch (record.kind) {
            case TORC_VIEW:
                announce(session, &record, voters);
                break;
            case TORC_TRANSITIONAL: /* somebody was lost; the view that says who is to follow */
                printf("uncertain\n");
                break;
            case TORC_REFUSED:
                refused = record.reason;
                break;
            default: /* nobody sends here, and a kind of a later version means nothing to us */
                break;
        }
        torc_release(session, &record);
        if (refused != TORC_OK) return failed("join", refused);
        fflush(stdout);
    }
}

int main(int argc, char** argv) {
    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: leader GROUP [VOTERS]\n");
        return EXIT_FAILURE;
    }
    torc_options options = {.size = sizeof options,
                            .runtime_dir = getenv("TORC_RUNTIME_DIR"),
                            .daemon = getenv("TORC_DAEMON")};
    torc_session* session;
    int result = torc_connect(&options, &session);
    if (result != TORC_OK) return failed("connect", result);
    result = torc_join(session, argv[1], TORC_FOREVER);
    const int code = result == TORC_OK ? follow(session, argc == 3 ? strtol(argv[2], NULL, 10) : 0)
                                       : failed("join", result);
    torc_close(session);
    return code;
}
