/* What somebody else's project would contain: compiled against an installed libtorc by a plain C
 * compiler and by CMake, then run with a daemon. It sends itself a message and prints it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <torc/torc.h>

static int failed(const char* what, int result) {
    fprintf(stderr, "%s: %s\n", what, torc_strerror(result));
    return EXIT_FAILURE;
}

static int receive_own(torc_session* session) {
    for (;;) {
        torc_message record;
        const int result = torc_receive(session, &record, TORC_FOREVER);
        if (result != TORC_OK) return failed("receive", result);
        const int is_message = record.kind == TORC_MESSAGE;
        if (is_message) printf("%.*s\n", (int)record.size, (const char*)record.data);
        torc_release(session, &record);
        if (is_message) return EXIT_SUCCESS;
    }
}

int main(int argc, char** argv) {
    if (argc != 3) return fprintf(stderr, "usage: program RUNTIME_DIR TEXT\n"), EXIT_FAILURE;
    if (strcmp(torc_version(), TORC_VERSION) != 0) {
        fprintf(stderr, "header %s, library %s\n", TORC_VERSION, torc_version());
        return EXIT_FAILURE;
    }
    torc_options options = {.size = sizeof options, .runtime_dir = argv[1]};
    torc_session* session;
    int result = torc_connect(&options, &session);
    if (result != TORC_OK) return failed("connect", result);
    result = torc_send(session, TORC_SAFE, torc_private_name(session), 1, argv[2], strlen(argv[2]),
                       TORC_FOREVER);
    const int code = result == TORC_OK ? receive_own(session) : failed("send", result);
    torc_close(session);
    return code;
}
