// Says what changed in the stock table, from its DynamoDB stream.

export const handler = async (event) => {
  const changes = event.Records.map(describe);
  for (const change of changes) console.log(change);
  console.log(`${changes.length} changes`);
  return { changes };
};

function describe({ eventName, dynamodb: { Keys, OldImage, NewImage } }) {
  const item = Keys.item.S;
  if (eventName === "INSERT") return `${item}: new, ${plain(NewImage.pieces)} pieces`;
  if (eventName === "REMOVE") return `${item}: removed, ${plain(OldImage.pieces)} pieces were left`;
  const difference = plain(NewImage.pieces) - plain(OldImage.pieces);
  const warning = plain(NewImage.pieces) < 5 ? ", running low" : "";
  return `${item}: ${plain(OldImage.pieces)} -> ${plain(NewImage.pieces)} (${difference > 0 ? "+" : ""}${difference})${warning}`;
}

// DynamoDB sends numbers as text: { N: "12" }.
function plain(attribute) {
  return Number(attribute?.N ?? 0);
}
