#pragma once

#include <string>
#include <vector>

namespace pgtrickle::bench {

struct plot_point {
  double x = 0;
  double y = 0;
};

/// A diagram with linear axes from 0 on, as an SVG file.
class svg_plot {
public:
  struct axis {
    std::string title;
    double most = 1;
  };

  svg_plot(std::string title, axis x, axis y);

  void line(const std::vector<plot_point>& points, const std::string& color,
            const std::string& name);
  void dots(const std::vector<plot_point>& points, const std::string& color,
            const std::string& name);
  /// The area between two lines with the same x.
  void area(const std::vector<plot_point>& low,
            const std::vector<plot_point>& high, const std::string& color,
            const std::string& name);

  /// Throws std::ios_base::failure if it can't be written.
  void write(const std::string& path) const;

private:
  [[nodiscard]] plot_point placed(plot_point point) const;
  [[nodiscard]] std::string path(const std::vector<plot_point>& points) const;
  void name(const std::string& color, const std::string& text);
  [[nodiscard]] std::string axes() const;

  std::string title_;
  axis x_;
  axis y_;
  std::string body_;
  std::string legend_;
  int named_ = 0;
};

} // namespace pgtrickle::bench
