#include "services/core/roff.hpp"

namespace pgtrickle {

namespace {

std::string quoted_argument(std::string_view text) {
  return "\"" + std::string{text} + "\"";
}

} // namespace

std::string roff(std::string_view text) {
  std::string shown;
  bool at_start_of_line = true;
  for (const char c : text) {
    // A control character is one at the start of a line only.
    if (at_start_of_line && (c == '.' || c == '\''))
      shown += "\\&";
    at_start_of_line = c == '\n';
    switch (c) {
      case '\\':
        shown += "\\e";
        break;
      // Else it is a hyphen, which a shell does not take.
      case '-':
        shown += "\\-";
        break;
      case '\'':
        shown += "\\(aq";
        break;
      case '^':
        shown += "\\(ha";
        break;
      case '~':
        shown += "\\(ti";
        break;
      case '`':
        shown += "\\(ga";
        break;
      default:
        shown += c;
    }
  }
  return shown;
}

std::string roff_title(std::string_view page, std::string_view section,
                       std::string_view date, std::string_view manual) {
  std::string line = ".TH ";
  line += page;
  line += ' ';
  line += section;
  for (const auto argument :
       {date, std::string_view{"pgtrickle " PGTRICKLE_VERSION}, manual}) {
    line += ' ';
    line += quoted_argument(argument);
  }
  return line + '\n';
}

std::string roff_term(std::string_view term, std::string_view meaning) {
  std::string paragraph = ".TP\n\\fB";
  paragraph += term;
  paragraph += "\\fR\n";
  paragraph += roff(meaning);
  return paragraph + '\n';
}

} // namespace pgtrickle
