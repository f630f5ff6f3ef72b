// Who came with whom: questions to a view that has been received. Pure reading of its record.
#include <algorithm>

#include "torc/torc.h"

namespace {

bool has_sets(const torc_message* view) {
    return view != nullptr && view->kind == TORC_VIEW && view->vs_sets != nullptr;
}

}  // namespace

size_t torc_view_set_count(const torc_message* view) {
    if (!has_sets(view)) return 0;
    size_t count = 0;
    for (uint32_t i = 0; i < view->members.count; ++i) {
        count = std::max(count, size_t{view->vs_sets[i]} + 1);
    }
    return count;
}

size_t torc_view_set(const torc_message* view, unsigned set, const char** names, size_t max) {
    if (!has_sets(view)) return 0;
    size_t count = 0;
    torc_names rest = view->members;
    for (uint32_t i = 0; i < view->members.count; ++i) {
        const char* name = torc_names_next(&rest);
        if (view->vs_sets[i] != set) continue;
        if (names != nullptr && count < max) names[count] = name;
        ++count;
    }
    return count;
}

size_t torc_view_came_with_me(const torc_message* view, const char** names, size_t max) {
    return has_sets(view) ? torc_view_set(view, view->my_vs_set, names, max) : 0;
}
