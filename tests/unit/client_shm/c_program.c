/* torc.h is C: this program is compiled as C11 and linked to libtorc.so, nothing else. Without a
 * daemon every call must answer, and a handler for SIGPIPE must not appear. */
#define _POSIX_C_SOURCE 200809L /* sigaction */

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "torc/torc.h"

int main(void) {
    torc_options options;
    torc_session* session = NULL;
    struct sigaction action;
    int code;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.daemon = "/nonexistent/torc.sock";
    code = torc_connect(&options, &session);
    if (code != TORC_ERROR_NO_DAEMON || session != NULL) {
        fprintf(stderr, "connect: %d %s\n", code, torc_strerror(code));
        return 1;
    }
    if (strcmp(torc_version(), TORC_VERSION) != 0) return 2;
    if (sigaction(SIGPIPE, NULL, &action) != 0 || action.sa_handler != SIG_DFL) return 3;
    return 0;
}
