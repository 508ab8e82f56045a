// The plainest function there is: says hello, and how often it has done so.

let calls = 0;

export const handler = async (event) => {
  calls += 1;
  const message = `Hello, ${event?.name ?? "world"}!`;
  console.log(`${message} (call ${calls} of this execution environment)`);
  return { message, calls, node: process.version };
};
