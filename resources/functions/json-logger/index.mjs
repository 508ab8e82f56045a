// Logs structured lines of every level, as a function with the JSON log format does.

export const handler = async (event, context) => {
  const log = (level, message, more = {}) =>
    console.log(
      JSON.stringify({
        timestamp: new Date().toISOString(),
        level,
        requestId: context.awsRequestId,
        message,
        ...more,
      }),
    );
  const items = event?.items ?? [];
  log("DEBUG", "basket received", { items });
  for (const { name, price } of items) {
    if (typeof price === "number") log("INFO", "item priced", { name, price });
    else log("WARN", "item has no price", { name });
  }
  const total = items.reduce((sum, { price }) => sum + (price ?? 0), 0);
  if (total === 0) log("ERROR", "nothing to pay", { total });
  else log("INFO", "basket priced", { total });
  return { total };
};
