#include "tests/differential/shrink.h"

#include <algorithm>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace differential {

Sequence shrink(Sequence sequence, const std::function<bool(const Sequence&)>& fails) {
    std::size_t length = sequence.size() / 2;
    while (length > 0) {
        bool shorter = false;
        for (std::size_t begin = 0; begin + length <= sequence.size();) {
            const auto first = sequence.begin() + static_cast<std::ptrdiff_t>(begin);
            Sequence candidate(sequence.begin(), first);
            candidate.insert(candidate.end(), first + static_cast<std::ptrdiff_t>(length),
                             sequence.end());
            if (fails(candidate)) {
                sequence = std::move(candidate);
                shorter = true;
            } else {
                begin += length;
            }
        }
        if (!shorter)
            length /= 2;
    }
    for (Operation& operation : sequence) {
        const std::uint16_t times = operation.times;
        for (operation.times = 1; operation.times < times && !fails(sequence);)
            operation.times = std::min<std::uint16_t>(times, operation.times * 2);
    }
    return sequence;
}

bool fails_in_child(const std::function<bool()>& check) {
    const pid_t child = fork();
    if (child < 0)
        throw std::runtime_error("fork fails");
    if (child == 0)
        _exit(check() ? 0 : 1);
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
    }
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

} // namespace differential
