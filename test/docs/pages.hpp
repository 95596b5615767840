#pragma once

#include "test/support/contents.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace pgtrickle::test {

/// All sources of the tests, literals that go on in the next line united.
std::string sources_of_tests();

std::string sources_of_product();

/// The pages of the project, in Markdown.
std::vector<std::filesystem::path> all_pages();

} // namespace pgtrickle::test
