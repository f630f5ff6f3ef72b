/* Sends one message to a group: hello_send GROUP TEXT. Whoever is in the group receives it in the
 * same place among all other messages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "torc/torc.h"

static int failed(const char* what, int result) {
    fprintf(stderr, "hello_send: %s: %s\n", what, torc_strerror(result));
    return EXIT_FAILURE;
}

int main(int argc, char** argv) {
    if (argc != 3) return fprintf(stderr, "usage: hello_send GROUP TEXT\n"), EXIT_FAILURE;
    torc_options options = {.size = sizeof options,
                            .runtime_dir = getenv("TORC_RUNTIME_DIR"),
                            .daemon = getenv("TORC_DAEMON")};
    torc_session* session;
    int result = torc_connect(&options, &session);
    if (result != TORC_OK) return failed("connect", result);
    result = torc_send(session, TORC_AGREED, argv[1], 0, argv[2], strlen(argv[2]), TORC_FOREVER);
    torc_close(session); /* what was accepted stays sent */
    return result == TORC_OK ? EXIT_SUCCESS : failed("send", result);
}
