/** Emoji to choose from: those that people in chats use, each with the words that find it. */

const TABLE = {
  Faces: `😀 grin happy|😄 smile happy|😁 beam|😆 laugh|😅 sweat relief|😂 joy tears laugh|🤣 rofl laugh|🙂 slight smile
    |😉 wink|😊 blush smile|😇 angel halo|🥰 love hearts|😍 heart eyes love|🤩 star eyes wow|😘 kiss|😋 yum|😛 tongue
    |😜 wink tongue|🤪 zany crazy|🤔 think hmm|🤨 eyebrow doubt|😐 neutral|😑 expressionless|🙄 roll eyes|😏 smirk
    |😬 grimace|😌 relieved|😴 sleep|🤤 drool|🤯 mind blown|🥳 party|😎 cool sunglasses|🤓 nerd|🧐 monocle|😕 confused
    |😟 worried|😮 oh wow|😲 astonished|😳 flushed|🥺 plead|😢 cry|😭 sob cry|😱 scream fear|😤 huff|😡 angry|🤬 swear
    |💀 skull dead|👻 ghost|🤖 robot|🤡 clown|👽 alien|💩 poop|🫠 melt|🫡 salute|🥲 smile tear|😶 no mouth silent`,
  Hands: `👋 wave hello|👍 thumbs up yes|👎 thumbs down no|👏 clap applause|🙌 hooray hands|🙏 thanks please pray
    |🤝 handshake|👊 fist bump|✊ fist|🤞 luck fingers|✌️ peace victory|🤟 love you|🤘 rock horns|👌 ok|🤌 pinch
    |👉 right point|👈 left point|👆 up point|👇 down point|💪 strong muscle|🫶 heart hands|✍️ write|🤷 shrug
    |🤦 facepalm|🙋 raise hand|💃 dance|🕺 dance|👀 eyes look|🧠 brain`,
  Hearts: `❤️ red heart love|🧡 orange heart|💛 yellow heart|💚 green heart|💙 blue heart|💜 purple heart
    |🖤 black heart|🤍 white heart|💔 broken heart|💖 sparkle heart|💕 hearts|💯 hundred|✨ sparkles|⭐ star|🌟 star glow
    |🔥 fire hot|💥 boom|⚡ lightning|💫 dizzy|💤 sleep zzz`,
  Nature: `🐶 dog|🐱 cat|🐭 mouse|🐰 rabbit|🦊 fox|🐻 bear|🐼 panda|🐸 frog|🐵 monkey|🙈 see no evil|🐔 chicken
    |🐧 penguin|🦆 duck|🦉 owl|🐢 turtle|🐍 snake|🐙 octopus|🐟 fish|🦈 shark|🐳 whale|🦋 butterfly|🐌 snail|🐞 ladybird
    |🐝 bee|🦄 unicorn|🐉 dragon|🌱 plant|🌲 tree|🌻 sunflower|🌸 blossom|🌹 rose|🌈 rainbow|☀️ sun|🌙 moon|☁️ cloud
    |🌧️ rain|❄️ snow|🌊 wave sea|🌍 earth world`,
  Food: `☕ coffee|🍵 tea|🍺 beer|🍻 cheers|🍷 wine|🥤 drink|🍕 pizza|🍔 burger|🍟 fries|🌮 taco|🍣 sushi|🍜 noodles
    |🍝 pasta|🥗 salad|🍞 bread|🧀 cheese|🥚 egg|🍿 popcorn|🍩 donut|🍪 cookie|🎂 cake birthday|🍫 chocolate
    |🍎 apple|🍌 banana|🍓 strawberry|🍉 melon|🍑 peach|🍆 aubergine|🥑 avocado|🌶️ chili`,
  Things: `🎉 party tada|🎊 confetti|🎁 gift|🏆 trophy win|🥇 gold first|🎮 game|🕹️ joystick|🎲 dice|🎯 target|♟️ chess
    |⚽ football|🏀 basketball|🏁 finish race|🎵 music note|🎶 music notes|🎸 guitar|🎹 piano|🥁 drum|🎤 microphone sing
    |🎧 headphones|🎨 paint art|🎬 film action|📷 camera|📺 tv|💻 laptop|🖥️ computer|⌨️ keyboard|📱 phone|💡 idea light
    |🔧 tool wrench|🛠️ tools|📌 pin|📎 clip|📚 books|✏️ pencil|💰 money|💎 gem|🚀 rocket|🚗 car|🚂 train|✈️ plane|🏠 house
    |⏰ alarm time|⏳ wait hourglass|🔔 bell`,
  Signs: `✅ check yes done|❌ cross no|❓ question|❗ exclamation|⚠️ warning|🚫 forbidden|💬 speech|💭 thought|➕ plus
    |➖ minus|🔴 red live|🟢 green|🔵 blue|🟡 yellow|⬆️ up|⬇️ down|➡️ right|⬅️ left|🔁 repeat|🔇 mute|🔊 loud|🆗 ok|🆒 cool
    |🏳️‍🌈 pride flag|🏴‍☠️ pirate flag`,
};

/** @type {{name: string, emoji: {sign: string, words: string}[]}[]} */
export const GROUPS = Object.entries(TABLE).map(([name, rows]) => ({
  name,
  emoji: rows.split("|").map((row) => {
    const [sign, ...words] = row.trim().split(" ");
    return { sign, words: words.join(" ") };
  }),
}));

/** Those whose words begin so, each once. */
export function findEmoji(typed) {
  const start = typed.toLowerCase();
  const all = GROUPS.flatMap(({ emoji }) => emoji);
  return all.filter(({ words }) => words.split(" ").some((word) => word.startsWith(start)));
}
