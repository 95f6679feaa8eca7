#pragma once
// A file descriptor with an owner.

#include <string_view>
#include <utility>

namespace tool {

/// Closes its descriptor at the end; -1 is none.
class FileDescriptor {
  public:
    FileDescriptor() = default;
    explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
    ~FileDescriptor() { reset(); }
    FileDescriptor(FileDescriptor&& other) noexcept
        : descriptor_(std::exchange(other.descriptor_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        if (this != &other) {
            reset();
            descriptor_ = std::exchange(other.descriptor_, -1);
        }
        return *this;
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;

    [[nodiscard]] int get() const { return descriptor_; }
    [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
    void reset();

  private:
    int descriptor_ = -1;
};

/// The two ends of a pipe, closed on exec.
struct Pipe {
    FileDescriptor reading;
    FileDescriptor writing;
};

/// Throws Failure when the system has none to give.
Pipe open_pipe();

/// Writes all of `bytes`; false with errno when that fails.
bool write_all(int descriptor, std::string_view bytes);

} // namespace tool
