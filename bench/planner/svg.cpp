#include "bench/planner/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>

namespace pgtrickle::bench {

namespace {

constexpr double width = 720;
constexpr double height = 340;
constexpr double left = 70;
constexpr double right = 20;
constexpr double top = 40;
constexpr double bottom = 50;

/// Between marks: 1, 2 or 5 times a power of ten, four to ten on an axis.
double step_of(double most) {
  const auto power = std::pow(10, std::floor(std::log10(most / 4)));
  const auto times = most / 4 / power;
  return power * (times >= 5 ? 5 : times >= 2 ? 2 : 1);
}

} // namespace

svg_plot::svg_plot(std::string title, axis x, axis y)
  : title_(std::move(title)), x_(std::move(x)), y_(std::move(y)) {}

plot_point svg_plot::placed(plot_point point) const {
  const auto x = std::clamp(point.x / x_.most, 0.0, 1.0);
  const auto y = std::clamp(point.y / y_.most, 0.0, 1.0);
  return {left + x * (width - left - right),
          height - bottom - y * (height - top - bottom)};
}

std::string svg_plot::path(const std::vector<plot_point>& points) const {
  std::string text;
  for (const auto& point : points) {
    const auto [x, y] = placed(point);
    text += fmt::format("{}{:.1f},{:.1f}", text.empty() ? "" : " ", x, y);
  }
  return text;
}

void svg_plot::name(const std::string& color, const std::string& text) {
  const auto y = top + 14 + 16 * named_++;
  legend_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"12\" height=\"10\" "
                         "fill=\"{}\"/><text x=\"{}\" y=\"{}\">{}</text>\n",
                         left + 12, y - 9, color, left + 30, y, text);
}

void svg_plot::line(const std::vector<plot_point>& points,
                    const std::string& color, const std::string& text) {
  body_ += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" "
                       "stroke-width=\"1.6\"/>\n",
                       path(points), color);
  name(color, text);
}

void svg_plot::dots(const std::vector<plot_point>& points,
                    const std::string& color, const std::string& text) {
  for (const auto& point : points) {
    const auto [x, y] = placed(point);
    body_ += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"1.6\" "
                         "fill=\"{}\"/>\n",
                         x, y, color);
  }
  name(color, text);
}

void svg_plot::area(const std::vector<plot_point>& low,
                    const std::vector<plot_point>& high,
                    const std::string& color, const std::string& text) {
  auto around = low;
  around.insert(around.end(), high.rbegin(), high.rend());
  body_ += fmt::format("<polygon points=\"{}\" fill=\"{}\"/>\n", path(around),
                       color);
  name(color, text);
}

std::string svg_plot::axes() const {
  std::string text;
  for (double x = 0; x <= x_.most * 1.0001; x += step_of(x_.most))
    text += fmt::format("<text x=\"{:.1f}\" y=\"{}\" "
                        "text-anchor=\"middle\">{:g}</text>\n",
                        placed({x, 0}).x, height - bottom + 16, x);
  for (double y = 0; y <= y_.most * 1.0001; y += step_of(y_.most)) {
    const auto at = placed({0, y}).y;
    text += fmt::format("<line x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\" "
                        "stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1f}\" "
                        "text-anchor=\"end\">{:g}</text>\n",
                        left, at, width - right, at, left - 6, at + 4, y);
  }
  return text
         + fmt::format(
           "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n"
           "<text transform=\"translate(16,{}) rotate(-90)\" "
           "text-anchor=\"middle\">{}</text>\n",
           (left + width - right) / 2, height - 12, x_.title,
           (top + height - bottom) / 2, y_.title);
}

void svg_plot::write(const std::string& path) const {
  std::ofstream file;
  file.exceptions(std::ios::failbit | std::ios::badbit);
  file.open(path);
  file << fmt::format(
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" "
    "font-family=\"sans-serif\" font-size=\"11\">\n"
    "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    "<text x=\"{}\" y=\"22\" font-size=\"13\">{}</text>\n",
    width, height, left, title_);
  file << axes() << body_ << legend_ << "</svg>\n";
}

} // namespace pgtrickle::bench
