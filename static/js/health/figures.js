/** How each figure of a health report is written. */
import { grouped } from "../numbers.js";

const SOUND = { present: "Present", quiet: "Looks silent", none: "None" };

/** Each takes a health report and gives words, or nothing where there is nothing to tell. */
export const FIGURES = {
  bitrate: ({ bitrateKbps }) => bitrateKbps && `${grouped(bitrateKbps)} kbps`,
  fps: ({ fps, nominalFps }) =>
    fps && (nominalFps && Math.abs(fps - nominalFps) > 1 ? `${round(fps)} of ${round(nominalFps)} fps` : `${round(fps)} fps`),
  missing: ({ missingPercent }) => Number.isFinite(missingPercent) && `${missingPercent} %`,
  resolution: ({ width, height }) => width && height && `${width} × ${height}`,
  keyframes: ({ keyframeSeconds }) => keyframeSeconds && `${keyframeSeconds.toFixed(1)} s`,
  reorder: ({ reorderMs }) => Number.isFinite(reorderMs) && `${reorderMs} ms`,
  jitter: ({ jitterMs }) => Number.isFinite(jitterMs) && `${jitterMs} ms`,
  behind: ({ behindMs }) => Number.isFinite(behindMs) && `${(Math.max(behindMs, 0) / 1000).toFixed(1)} s`,
  sound: ({ sound }) => SOUND[sound],
  waited: ({ audience }) => audience?.reports && `${audience.stalled} of ${audience.reports}`,
  seen: ({ audience }) => Number.isFinite(audience?.delaySeconds) && `${audience.delaySeconds.toFixed(1)} s`,
  renditions: ({ renditions }) => renditions && ([renditions.offered.join(", "), renditions.trouble].filter(Boolean).join(". ") || "Starting"),
  backup: ({ connected, onBackup, standby }) => connected && backupOf(onBackup, standby),
  codecs: (health) => [videoOf(health), audioOf(health)].filter(Boolean).join(" + "),
  encoder: ({ connected, encoder }) => connected && (encoder || "Connected"),
};

/** While the backup is on air, who stands by is the main encoder. */
function backupOf(onBackup, standby) {
  if (onBackup) return standby ? "On air, main is back" : "On air";
  return standby ? "Ready" : "Not connected";
}

function videoOf({ videoCodec, profile, level }) {
  return videoCodec && [codecName(videoCodec), profile, level].filter(Boolean).join(" ");
}

function audioOf({ audioCodec, audioSampleRate, audioChannels, audioKbps }) {
  if (!audioCodec) return "";
  const channels = { 1: "mono", 2: "stereo" }[audioChannels] ?? (audioChannels ? `${audioChannels} channels` : "");
  const rate = audioSampleRate ? `${audioSampleRate / 1000} kHz` : "";
  const bitrate = audioKbps ? `${audioKbps} kbps` : "";
  return [codecName(audioCodec), rate, channels, bitrate].filter(Boolean).join(" ");
}

/** What people call a codec string (RFC 6381): avc1.42c01e is H.264. */
function codecName(codec) {
  return { avc1: "H.264", avc3: "H.264", mp4a: "AAC" }[codec.split(".")[0]] ?? codec;
}

function round(value) {
  return Math.round(value * 10) / 10;
}
