// The back end of an HTTP API: keeps orders in memory, as long as the execution environment lives.

const orders = new Map([[1, { id: 1, item: "garden chair", quantity: 4 }]]);

export const handler = async (event) => {
  const { method, path } = event.requestContext.http;
  const response = answer(method, path, event);
  console.log(`${method} ${path} -> ${response.statusCode}`);
  return response;
};

function answer(method, path, event) {
  const [, root, id] = path.split("/");
  if (root !== "orders") return reply(404, { message: `There is nothing at ${path}.` });
  if (method === "POST") return create(event);
  if (!id) return reply(200, { orders: [...orders.values()] });
  const order = orders.get(Number(id));
  return order ? reply(200, order) : reply(404, { message: `There is no order ${id}.` });
}

function create(event) {
  const text = event.isBase64Encoded ? Buffer.from(event.body, "base64").toString() : event.body;
  let order;
  try {
    order = JSON.parse(text);
  } catch (error) {
    console.log(`Refused: ${error.message}`);
    return reply(400, { message: "The order is not valid JSON." });
  }
  const id = orders.size + 1;
  orders.set(id, { ...order, id });
  return reply(201, orders.get(id));
}

function reply(statusCode, body) {
  return { statusCode, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
