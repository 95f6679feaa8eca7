// Everything that the pages of docs/, the README and its neighbours refer to exists: other pages,
// files, folders, tests.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path source_folder = LAZYHV_SOURCE_DIR;

std::string read_file(const fs::path& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<fs::path> pages() {
    std::vector<fs::path> found{source_folder / "README.md", source_folder / "CONTRIBUTING.md",
                                source_folder / "CHANGELOG.md"};
    for (const auto& entry : fs::directory_iterator(source_folder / "docs"))
        if (entry.path().extension() == ".md")
            found.push_back(entry.path());
    return found;
}

/// Group 1 of each match.
std::vector<std::string> matches(const std::string& text, const char* expression) {
    const std::regex pattern(expression);
    std::vector<std::string> found;
    for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match)
        found.push_back((*match)[1]);
    return found;
}

/// Files and folders of the sources, relative to their root, each after a '/'.
const std::vector<std::string>& source_paths() {
    static const std::vector<std::string> paths = [] {
        std::vector<std::string> found;
        for (const char* folder :
             {"shared", "hypervisor", "vmi_rom", "guest", "tools", "tests", "docs", "cmake"}) {
            found.push_back("/" + std::string(folder));
            for (const auto& entry : fs::recursive_directory_iterator(source_folder / folder))
                found.push_back("/" + fs::relative(entry.path(), source_folder).string());
        }
        return found;
    }();
    return paths;
}

/// A path from the root, or the end of one. The folders of tests/unit/ are called as those of the
/// sources, so they count only when they are named from the root.
bool exists_somewhere(std::string path) {
    const bool is_folder = path.ends_with('/');
    if (is_folder)
        path.pop_back();
    path.insert(path.begin(), '/');
    return std::any_of(
        source_paths().begin(), source_paths().end(), [&path, is_folder](const std::string& known) {
            return known == path ||
                   (known.ends_with(path) && !(is_folder && known.starts_with("/tests/unit/")));
        });
}

TEST(DocsReferences, LinksLeadToPages) {
    for (const fs::path& page : pages())
        for (const std::string& link : matches(read_file(page), R"(\]\(([^)#:]+)\))"))
            EXPECT_TRUE(fs::exists(page.parent_path() / link)) << page << " links to " << link;
}

TEST(DocsReferences, FilesAndFoldersExist) {
    constexpr auto path_in_text = R"(`((?:[a-z0-9_]+/)*[a-z0-9_]+(?:\.(?:h|cpp|S|ld|lds|txt)|/))`)";
    for (const fs::path& page : pages())
        for (const std::string& path : matches(read_file(page), path_in_text))
            EXPECT_TRUE(path == "build/" || exists_somewhere(path)) << page << " names " << path;
}

/// "Suite.Name" of every test in the sources.
std::set<std::string> test_names() {
    const std::regex pattern(R"(TEST(?:_F|_P)?\((\w+),\s*(\w+)\))");
    std::set<std::string> names;
    for (const std::string& path : source_paths()) {
        if (!path.starts_with("/tests/") || !path.ends_with(".cpp"))
            continue;
        const std::string text = read_file(source_folder / path.substr(1));
        for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end;
             ++match)
            names.insert((*match)[1].str() + "." + (*match)[2].str());
    }
    return names;
}

/// Pages write `Suite.Name`, `Suite.Begin...` or `Suite.*`.
bool is_test(std::string name, const std::set<std::string>& names) {
    const std::size_t dots = name.find("...");
    const bool is_beginning = dots != std::string::npos || name.ends_with('*');
    name.resize(dots != std::string::npos ? dots : name.size() - (is_beginning ? 1 : 0));
    const auto at_least = names.lower_bound(name);
    return at_least != names.end() &&
           (is_beginning ? at_least->starts_with(name) : *at_least == name);
}

TEST(DocsReferences, TestsExist) {
    const std::set<std::string> names = test_names();
    for (const fs::path& page : pages())
        for (const std::string& name :
             matches(read_file(page), R"(`([A-Z]\w+\.(?:[A-Z]\w*(?:\.\.\.)?|\*))`)"))
            EXPECT_TRUE(is_test(name, names)) << page << " names " << name;
}

} // namespace
