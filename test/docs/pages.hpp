#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace pgtrickle::test {

std::string contents(const std::filesystem::path& file);

/// All sources of the tests, literals that go on in the next line united.
std::string sources_of_tests();

std::string sources_of_product();

/// The pages of the project, in Markdown.
std::vector<std::filesystem::path> all_pages();

} // namespace pgtrickle::test
