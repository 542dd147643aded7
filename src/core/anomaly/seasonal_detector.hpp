#pragma once
// Anomalies of a series as it comes in: each point is judged by its past only.
#include "core/statistics/stop.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace analytics::core {

struct DetectorOptions {
    int season = 0;       // points a day (or other season): 24 for hours; 0: found from the past
    double alpha = 0.05;  // the band between lower and upper holds 1 - alpha, in (0, 1)
    std::optional<bool> counts =
        std::nullopt;  // whether values are counts; none: they are while all were whole and >= 0
};

struct Judgement {
    /// What kind of finding it is, where score >= 1 or p_value < alpha; none elsewhere. A level_shift is a deviation
    /// that shows in sums of many points rather than in one, a flatline values that vary too little.
    enum class Kind : std::uint8_t { none, spike, drop, level_shift, flatline, missing };

    double value = 0;                           // NaN: missing
    double expected = 0, lower = 0, upper = 0;  // in the units of the values
    double p_value = 1;  // of a value as far off as this one, two-sided; 1 while nothing is known
    double score = 0;    // evidence over that of an alert: >= 1 opens an alert
    Kind kind = Kind::none;
};

/// The detector behind detect_anomalies. Two answers for each point:
///
/// p_value is the honest two-sided tail of this point against its own expectation (SeasonalBaseline): negative binomial
/// (Poisson where the past shows no more variance) for counts, Student's t for other values. It is meant for
/// false-discovery control over many points. Where a count below 1 is expected a single point says little, and p_value
/// is that of the sum of the last hours that together expect 3, at most 24.
///
/// score is evidence from several simple detectors, each in decades of rarity (-log10 of a tail) among its own past,
/// less an allowance, held for a few points and added, and divided by what an alert takes. Series of at most 48 points
/// a season are judged by how the point and sums of 3, 6 and 12 points deviate from the expectation, and by sequences,
/// shapes and changes that never were (evidence.hpp). Finer ones, and after 350 points those whose season is not known,
/// by what needs none: spread, level and change over 12 to 288 points, sequences of levels and short shapes that never
/// were (fine_evidence.hpp). After an alert the score is 0 until a rest of 5 % of the points seen (24 points at least,
/// three seasons at most, 288 points where none is known) is over, or, in coarse series, the evidence is twice that of
/// the alert. Detectors and limits were chosen on the developers' halves of NAB (Lavin & Ahmad 2015) and of simulated
/// hourly series.
///
/// Causal: what comes later never changes a judgement. Scaling all values of a series that are no counts by a power of
/// two scales expected, lower and upper and changes nothing else. About 1.1 us a point, 1.4 us in fine series; memory 8
/// bytes for each point of three seasons (of 4096 points while the season is unknown), and 160 kB for fine series, 12
/// kB for others.
class SeasonalDetector {
  public:
    /// @throws std::invalid_argument when the season is negative or above 100,000, or alpha out of range
    explicit SeasonalDetector(const DetectorOptions &options = {});
    SeasonalDetector(SeasonalDetector &&) noexcept;
    SeasonalDetector &operator=(SeasonalDetector &&) noexcept;
    ~SeasonalDetector();

    /// The judgement of the next value of the series. NaN is a missing value: it is expected, not judged, and not
    /// learnt. Infinite values throw std::domain_error.
    Judgement push(double value);

    /// Points of the season in use, 0 while none is known.
    int season() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// All of a series; `stop` is called every 1024 points. A million points take about a second.
std::vector<Judgement> detect(std::span<const double> series, const DetectorOptions & = {}, const Stop & = {});

}  // namespace analytics::core
