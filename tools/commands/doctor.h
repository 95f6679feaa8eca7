#pragma once
// `lazyhv doctor`: what this host has, and what to do about each lack.

namespace tool {

/// Returns 0 when `bench` can run here.
int doctor();

} // namespace tool
