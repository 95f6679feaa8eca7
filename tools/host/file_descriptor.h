#pragma once
// File descriptors that close themselves.

#include <string_view>
#include <utility>

namespace tool {

/// Owns a file descriptor and closes it when destroyed; -1: none.
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

/// The two ends of a pipe. A program started with exec does not inherit them.
struct Pipe {
    FileDescriptor reading;
    FileDescriptor writing;
};

/// Throws Failure when the system has no descriptors left.
Pipe open_pipe();

/// Writes all of `bytes`. Returns false, with errno set, when that fails.
bool write_all(int descriptor, std::string_view bytes);

} // namespace tool
