// Numbers as people read them.

/** Return a number of images in short: 950, 60k, 1.5M. */
export function countText(count) {
  for (const [factor, suffix] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(count) >= factor) return `${Number((count / factor).toPrecision(3))}${suffix}`;
  }
  return String(Math.round(count));
}

/** Return a measurement in a few digits: 0.0123, 12.3, 1.2e-5; a large whole number with all of its own. */
export function valueText(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "unknown";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size >= 1e4 && size < 1e9) return groupedText(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2).replace("e+", "e");
  return String(Number(value.toPrecision(digits)));
}

/** Return a share as a percentage. */
export function shareText(share) {
  return share === null || share === undefined ? "unknown" : `${(100 * share).toFixed(1)}%`;
}

/** Return a count with all its digits in groups: 60,000. */
export function groupedText(count) {
  return count === null || count === undefined ? "unknown" : Math.round(count).toLocaleString("en");
}

/** Return a duration in short: 8s, 3m 20s, 2h 05m. */
export function durationText(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  if (hours) return `${hours}h ${two(minutes)}m`;
  return minutes ? `${minutes}m ${two(rest)}s` : `${rest}s`;
}

/** Return at most so many round numbers between two, both included where they are round. */
export function roundNumbers(low, high, most = 5) {
  if (!(high > low)) return [low];
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((times) => power * times >= rough * 0.999);
  const found = [];
  for (let number = Math.ceil(low / step - 1e-9); number * step <= high + step * 1e-9; number += 1) {
    found.push(Number((number * step).toPrecision(12)));
  }
  return found;
}
