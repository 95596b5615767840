// docs/nats.md: what it shows is sent as it stands there.

#include "test/scenarios/program.hpp"
#include "test/support/contents.hpp"
#include "test/support/page.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <fstream>
#include <sstream>

namespace pgtrickle::test {

namespace {

using variables = std::map<std::string, std::string>;

/// The texts of the blocks of `language` in the page.
std::vector<std::string> texts_in(const std::string& language) {
  std::vector<std::string> texts;
  for (auto& block : blocks_of(DOCUMENTATION "/nats.md"))
    if (block.language == language)
      texts.push_back(std::move(block.text));
  return texts;
}

/// A shell's words, as far as the page needs them: quotes of both kinds,
/// variables in double ones, lines that go on.
class shell_words {
public:
  shell_words(std::string text, const variables& known)
    : text_(std::move(text)), known_(known) {}

  /// The words of each command.
  std::vector<std::vector<std::string>> commands() {
    std::vector<std::vector<std::string>> found(1);
    while (at_ < text_.size()) {
      if (text_.compare(at_, 2, "\\\n") == 0)
        at_ += 2;
      else if (text_[at_] == '\n' && ++at_ > 0)
        found.emplace_back();
      else if (text_[at_] == ' ')
        ++at_;
      else
        found.back().push_back(word());
    }
    std::erase_if(found, [](const auto& words) { return words.empty(); });
    return found;
  }

private:
  std::string word() {
    std::string word;
    char quote = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (quote == 0 && (c == ' ' || c == '\n'))
        break;
      if (c == quote)
        quote = 0;
      else if (quote == 0 && (c == '\'' || c == '"'))
        quote = c;
      else if (c == '$' && quote == '"')
        word += variable();
      else
        word += c;
    }
    return word;
  }

  std::string variable() {
    std::string name;
    while (at_ + 1 < text_.size() && std::isupper(text_[at_ + 1]) != 0)
      name += text_[++at_];
    return known_.at(name);
  }

  std::string text_;
  const variables& known_;
  std::size_t at_ = 0;
};

variables values_for(program& p) {
  const auto address = p.subject("");
  std::istringstream tokens{address};
  variables known;
  std::string token;
  std::getline(tokens, token, '.');
  std::getline(tokens, token, '.');
  std::getline(tokens, known["CLUSTER"], '.');
  std::getline(tokens, known["DATABASE"], '.');
  known["TOKEN"]
    = p.s.admin.run("SELECT pgtrickle.issue_token('postgres')").value();
  return known;
}

/// Sends `nats req SUBJECT BODY [-H HEADER]…`.
nats_message sent(program& p, const std::vector<std::string>& words) {
  program::headers headers;
  for (std::size_t i = 4; i + 1 < words.size(); i += 2) {
    REQUIRE(words[i] == "-H");
    const auto colon = words[i + 1].find(": ");
    headers[words[i + 1].substr(0, colon)] = words[i + 1].substr(colon + 2);
  }
  const auto answer = p.bus.request(words[2], words[3], headers, 20s);
  REQUIRE_MESSAGE(answer, words[2]);
  return *answer;
}

} // namespace

TEST_CASE("every request of the page on NATS succeeds") {
  program p;
  must(p.s.admin, "DROP TABLE IF EXISTS public.orders CASCADE;"
                  "CREATE TABLE public.orders (kind text, price int)");
  auto known = values_for(p);
  int requests = 0;
  for (const auto& block : texts_in("sh")) {
    const auto fresh = p.once();
    known["ID"] = fresh.at("Pgtrickle-Request-Id");
    known["NOW"] = fresh.at("Pgtrickle-Issued-At");
    if (!block.starts_with("nats req"))
      continue;
    for (auto words : shell_words{block, known}.commands()) {
      REQUIRE(words.size() >= 4);
      // Each command has an id of its own.
      for (auto& word : words)
        if (word.starts_with("Pgtrickle-Request-Id: "))
          word += "-" + std::to_string(requests);
      const auto answer = sent(p, words);
      CHECK_MESSAGE(code_of(answer).empty(), words[2] << answer.payload);
      ++requests;
    }
  }
  CHECK(requests == 7);
  must(p.s.admin, "DROP TABLE public.orders");
}

TEST_CASE("the program in Python of the page on NATS calls") {
  program p;
  const auto programs = texts_in("python");
  REQUIRE(programs.size() == 1);
  const private_directory dir;
  const auto script = dir.path() / "call.py";
  std::ofstream(script) << programs[0];
  const auto known = values_for(p);
  const auto log = dir.path() / "log";
  std::vector<std::string> command{"env", "NATS_HOST=127.0.0.1",
                                   "NATS_PORT="
                                     + std::to_string(p.s.all.nats.port())};
  for (const auto& [name, value] : known)
    command.push_back(name + "=" + value);
  command.insert(command.end(), {"python3", script});
  child_process python{command, log, SIGKILL};
  CHECK(python.wait() == 0);
  CHECK(contents(log)
        == p.s.admin.run("SELECT pgtrickle.version()").value() + "\n");
}

} // namespace pgtrickle::test
