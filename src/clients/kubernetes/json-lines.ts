/**
 * Values of a stream of JSON documents, one a line, as a watch sends them. Lines may be cut anywhere by the network,
 * also inside a character. A line that is not JSON ends the stream with an error: dropping it would lose an event.
 */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncIterable<unknown> {
  let rest: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, from);
      if (end === -1) break;
      rest.push(Buffer.from(chunk.buffer, chunk.byteOffset + from, end - from));
      const line = Buffer.concat(rest).toString('utf8');
      rest = [];
      from = end + 1;
      if (line.trim() !== '') yield JSON.parse(line) as unknown;
    }
    if (from < chunk.length) rest.push(Buffer.from(chunk.subarray(from)));
  }
  const tail = Buffer.concat(rest).toString('utf8');
  if (tail.trim() !== '') yield JSON.parse(tail) as unknown;
}
