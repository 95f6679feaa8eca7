#pragma once
// Runs the lazyhv command, as a user would, and catches what it says.

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace test {

struct Outcome {
    int status;         ///< exit status; 128 and the signal's number when one ended it
    std::string output; ///< standard output
    std::string error;  ///< standard error
};

/// A running command with a folder of its own for temporary files, in a process group of its own.
/// Killed at the end, should it still be running.
class Command {
  public:
    /// `words`: program (a path) and arguments. `environment` is added to that of the test.
    explicit Command(std::vector<std::string> words,
                     const std::map<std::string, std::string>& environment = {});
    ~Command();
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;

    /// Waits for the end. Status -1 when that takes longer than `limit`.
    Outcome wait(std::chrono::seconds limit = std::chrono::seconds(120));
    void send(int signal_number) const;
    /// Waits until a process with this in its command line runs somewhere below the command; -1
    /// after a minute.
    [[nodiscard]] pid_t wait_for_process(const std::string& text) const;
    /// Names of the files and folders the command left in its folder for temporary files.
    [[nodiscard]] std::vector<std::string> leftovers() const;
    /// For the test's own files, beside the command's temporary ones.
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  private:
    std::filesystem::path folder_;
    pid_t process_ = -1;
};

/// The lazyhv program of this build.
std::string lazyhv_program();
/// An image of this build: "guest" is guest/guest.elf.
std::string guest_image(const std::string& name = "guest");
/// `lazyhv ARGUMENTS`, to its end.
Outcome lazyhv(const std::vector<std::string>& arguments,
               const std::map<std::string, std::string>& environment = {});

/// Whether a process still exists and is no zombie.
bool is_running(pid_t process);
/// Whether a process that was sent a signal ends within five seconds.
bool has_ended(pid_t process);

} // namespace test
