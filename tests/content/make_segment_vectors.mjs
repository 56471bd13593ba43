// Writes segment_vectors.json with Twilio's own calculator, an oracle that we did not write.
//   npm install sms-segments-calculator@1.3.0 && node make_segment_vectors.mjs > segment_vectors.json
// The random strings come from a fixed seed, so the file is the same every time.
import pkg from "sms-segments-calculator";
const { SegmentedMessage } = pkg;

let state = 20260701;
const random = () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32);
const below = (n) => Math.floor(random() * n);
const pools = {
  gsm: [..."@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCXYZÄÖÑÜ§¿abcxyzäöñüà"],
  extension: [..."^{}\\[~]|€"],
  wide: [..."가나다힣뷁漢字ひらêçčЖ—“”…\u00a0"],
  astral: ["😀", "🎉", "👍", "𠀀", "𝒳"],
  cluster: ["👨‍👩‍👧‍👦", "👍🏽", "🇰🇷", "e\u0301", "❤️", "1️⃣", "க்", "ก็"],
};
const draw = (names) => {
  const pool = pools[names[below(names.length)]];
  return pool[below(pool.length)];
};
const mixes = [
  ["gsm"], ["gsm", "extension"], ["gsm", "gsm", "gsm", "extension"], ["gsm", "wide"], ["wide"],
  ["wide", "astral"], ["wide", "cluster"], ["gsm", "astral", "cluster"], ["cluster"], ["gsm", "gsm", "gsm", "gsm", "astral"],
];
const edges = [1, 2, 66, 67, 68, 69, 70, 71, 72, 133, 134, 135, 152, 153, 154, 159, 160, 161, 162, 305, 306, 307, 459, 460];
const cases = [];
for (const mix of mixes)
  for (let i = 0; i < 32; i++) {
    const length = i < edges.length ? edges[i] : 1 + below(300);
    let text = "";
    for (let n = 0; n < length; n++) text += draw(mix);
    const message = new SegmentedMessage(text);
    const gsm = message.encodingName === "GSM-7";
    cases.push({
      text,
      encoding: gsm ? "gsm7" : "ucs2",
      units: message.messageSize / (gsm ? 7 : 16),
      parts: message.segmentsCount,
    });
  }
console.log(JSON.stringify({
  made_with: "npm sms-segments-calculator 1.3.0 (Twilio, MIT), make_segment_vectors.mjs",
  cases,
}));
