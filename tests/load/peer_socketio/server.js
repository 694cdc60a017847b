// A chat room as one writes it with Socket.IO and PostgreSQL: every message is inserted, and shown once it is stored.
//
//   node server.js PORT DATABASE_URL each     one INSERT and one emit for every message
//   node server.js PORT DATABASE_URL batched  what came in 20 ms: one INSERT and one emit of a list
//
// The message that goes out has the fields of our own contract, so that both servers move the same bytes.
"use strict";

const { createServer } = require("node:http");
const { randomUUID } = require("node:crypto");
const { Pool } = require("pg");
const { Server } = require("socket.io");

const [port, databaseUrl, mode] = process.argv.slice(2);
const TICK_MS = 20;
const CHANNEL = randomUUID();
const pool = new Pool({ connectionString: databaseUrl, max: 10 });
const server = createServer();
const io = new Server(server, {
  serveClient: false,
  transports: ["websocket"],
  perMessageDeflate: false,
});

const TABLE = `
  CREATE TABLE IF NOT EXISTS messages (
    id bigserial PRIMARY KEY,
    room uuid NOT NULL,
    person text NOT NULL,
    nonce text NOT NULL,
    content text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (room, person, nonce)
  )`;
const INSERT_ONE = `
  INSERT INTO messages (room, person, nonce, content) VALUES ($1, $2, $3, $4)
  ON CONFLICT DO NOTHING RETURNING id, created_at`;
const INSERT_MANY = `
  INSERT INTO messages (room, person, nonce, content)
  SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[])
  ON CONFLICT DO NOTHING RETURNING id, created_at, person, nonce, content`;

const view = (row, person, content) => ({
  id: String(row.id),
  seq: Number(row.id),
  channelId: CHANNEL,
  streamId: null,
  content,
  badges: [],
  replyTo: null,
  createdAt: row.created_at,
  user: {
    id: person.id,
    username: person.name,
    displayName: person.name,
    avatarUrl: null,
    color: "#7cc4ff",
    verified: false,
  },
});

const storeEach = async (person, { content, nonce }, socket) => {
  const { rows } = await pool.query(INSERT_ONE, [CHANNEL, person.id, nonce, content]);
  if (!rows.length) return;
  io.to(CHANNEL).emit("chat:message", view(rows[0], person, content));
  socket.emit("chat:ack", { nonce, id: String(rows[0].id), seq: Number(rows[0].id) });
};

let pending = [];
let storing = false;

const storeBatch = async () => {
  if (storing || !pending.length) return;
  storing = true;
  const batch = pending;
  pending = [];
  const people = new Map(batch.map(({ person, socket }) => [person.id, { person, socket }]));
  const columns = [
    batch.map(({ person }) => person.id),
    batch.map(({ message }) => message.nonce),
    batch.map(({ message }) => message.content),
  ];
  const { rows } = await pool.query(INSERT_MANY, [CHANNEL, ...columns]);
  rows.sort((a, b) => Number(a.id) - Number(b.id));
  io.to(CHANNEL).emit(
    "chat:messages",
    rows.map((row) => view(row, people.get(row.person).person, row.content)),
  );
  for (const row of rows) {
    people.get(row.person).socket.emit("chat:ack", { nonce: row.nonce, id: row.id, seq: Number(row.id) });
  }
  storing = false;
};

let count = 0;

io.on("connection", (socket) => {
  const person = { id: randomUUID(), name: `viewer_${(count += 1)}` };
  socket.join(CHANNEL);
  socket.on("chat:send", (message) => {
    if (mode === "batched") pending.push({ person, message, socket });
    else storeEach(person, message, socket).catch((error) => console.error(error.message));
  });
});

const start = async () => {
  await pool.query(TABLE);
  if (mode === "batched") setInterval(storeBatch, TICK_MS);
  server.listen(Number(port), "127.0.0.1", 4096, () => console.log("listening"));
};

start();
