// The live server that ours is compared with: node-media-server with HLS as its manual shows it, cut by ffmpeg.
//
//   node server.js RTMP_PORT HTTP_PORT MEDIA_FOLDER FFMPEG
const NodeMediaServer = require("node-media-server");

const [rtmpPort, httpPort, mediaroot, ffmpeg] = process.argv.slice(2);
const server = new NodeMediaServer({
  logType: 1,
  rtmp: { port: Number(rtmpPort), chunk_size: 60000, gop_cache: true, ping: 30, ping_timeout: 60 },
  http: { port: Number(httpPort), allow_origin: "*", mediaroot },
  trans: {
    ffmpeg,
    tasks: [{ app: "live", hls: true, hlsFlags: "[hls_time=2:hls_list_size=3:hls_flags=delete_segments]" }],
  },
});
// 2.7.4 asks for a name that it never declares while it starts; it serves all the same.
process.on("unhandledRejection", () => {});
server.run();
