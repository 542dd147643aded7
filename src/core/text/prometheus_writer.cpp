#include "core/text/table_writer.hpp"

#include <charconv>
#include <cmath>
#include <unordered_map>
#include <vector>

namespace analytics::core {
namespace {

/// [a-zA-Z_][a-zA-Z0-9_]*, in lower case.
std::string metric_name(std::string_view text) {
    std::string name;
    for (char c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        name += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '_';
    }
    if (name.empty() || (name.front() >= '0' && name.front() <= '9')) name.insert(name.begin(), '_');
    return name;
}

std::string escaped(std::string_view text, bool quotes) {
    std::string out;
    for (char const c : text) {
        if (c == '\\') out += "\\\\";
        else if (c == '\n') out += "\\n";
        else if (c == '"' && quotes) out += "\\\"";
        else out += c;
    }
    return out;
}

/// A unit at the end of a column's name and Prometheus' base unit for it.
struct Unit {
    std::string_view ending, base;
    double divisor;
};
constexpr Unit units[] = {
    {"_ms", "_seconds", 1000}, {"_pct", "_ratio", 100}, {"_percent", "_ratio", 100}, {"_percentage", "_ratio", 100}};

class PrometheusWriter : public TableWriter {
  public:
    PrometheusWriter(std::span<const TableColumn> columns, std::string_view prefix, std::string_view help)
        : help_(escaped(help, false)) {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const TableColumn &c = columns[i];
            if (c.kind == ColumnKind::number) {
                gauges_.push_back(gauge(i, metric_name(std::string(prefix) + "_" + c.name), c.name));
            } else if (c.kind == ColumnKind::text || c.kind == ColumnKind::boolean) {
                labels_.emplace_back(i, metric_name(c.name));
            } else if (c.kind == ColumnKind::time && !time_) {
                time_ = i;
            }
        }
    }
    void row(std::span<const Cell> cells) override {
        std::string labels;
        for (auto const &[i, name] : labels_) {
            if (!cells[i] || cells[i]->empty()) continue;  // an empty label is no label
            labels += (labels.empty() ? "" : ",") + name + "=\"" + escaped(*cells[i], true) + "\"";
        }
        auto const [found, fresh] = index_.try_emplace(labels, samples_.size());
        if (fresh) samples_.push_back({.labels = labels, .time = {}, .values = {}});
        Sample &sample = samples_[found->second];
        std::string time(time_ && cells[*time_] ? *cells[*time_] : std::string_view());
        if (!fresh && time < sample.time) return;
        sample.time = std::move(time);
        sample.values.clear();
        for (const Gauge &g : gauges_)
            sample.values.push_back(cells[g.column] ? number(*cells[g.column], g.divisor) : "");
    }
    void end() override {
        for (std::size_t g = 0; g < gauges_.size(); ++g) {
            const std::string &name = gauges_[g].name;
            std::string lines;
            for (const Sample &sample : samples_) {
                if (sample.values[g].empty()) continue;
                lines +=
                    name + (sample.labels.empty() ? "" : "{" + sample.labels + "}") + " " + sample.values[g] + "\n";
            }
            if (lines.empty()) continue;
            out_ += "# HELP " + name + " " + help_ + " (" + gauges_[g].title + ")\n# TYPE " + name + " gauge\n" + lines;
        }
    }

  private:
    struct Gauge {
        std::size_t column;
        std::string name, title;
        double divisor;
    };
    struct Sample {
        std::string labels, time;
        std::vector<std::string> values;  // one a gauge, empty where NULL
    };

    static Gauge gauge(std::size_t column, std::string name, const std::string &title) {
        for (const Unit &u : units)
            if (name.ends_with(u.ending))
                return {column, name.substr(0, name.size() - u.ending.size()) + std::string(u.base), title, u.divisor};
        if (constexpr std::string_view count = "_count"; name.ends_with(count)) {  // which histograms alone may have
            name.resize(name.size() - count.size());
            if (!name.ends_with('s')) name += 's';
        }
        return {column, std::move(name), title, 1};
    }
    /// The number as it came, or divided.
    static std::string number(std::string_view text, double divisor) {
        double value = 0;
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
        if (divisor == 1) return std::string(text);
        char buffer[32];
        return {buffer,
                std::to_chars(buffer, buffer + sizeof buffer, value / divisor, std::chars_format::general, 15).ptr};
    }

    std::string help_;
    std::vector<Gauge> gauges_;
    std::vector<std::pair<std::size_t, std::string>> labels_;
    std::optional<std::size_t> time_;
    std::vector<Sample> samples_;
    std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace

std::unique_ptr<TableWriter> prometheus_writer(std::span<const TableColumn> columns, std::string_view prefix,
                                               std::string_view help) {
    return std::make_unique<PrometheusWriter>(columns, prefix, help);
}

}  // namespace analytics::core
