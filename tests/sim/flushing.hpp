// Whether an engine is between two views of some flush group, by what its directory says.
#pragma once

#include "engine/engine.hpp"

namespace torc::sim {

inline bool is_flushing(const engine::Engine& engine) {
    const groups::Directory& directory = engine.groups().directory();
    bool flushing = false;
    directory.for_each_group([&](groups::Directory::GroupId group) {
        if (!directory.is_flush(group)) return;
        directory.for_each_place(group, [&](groups::Directory::PlaceId place) {
            const groups::FlushState& state = directory.flush_state(place);
            flushing = flushing || state.cell == 0 || state.flushed;
        });
    });
    return flushing;
}

}  // namespace torc::sim
