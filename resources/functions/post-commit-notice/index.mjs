// Turns a repository's post-commit notice, published to an SNS topic, into a summary one can read.

export const handler = async (event) => {
  const summaries = event.Records.map(({ Sns }) => summarize(JSON.parse(Sns.Message)));
  for (const summary of summaries) console.log(summary);
  return { summaries };
};

function summarize({ repository, branch, revision, subject, files }) {
  const count = (status) => files.filter((file) => file.status === status).length;
  const changes = ["added", "modified", "deleted"]
    .filter((status) => count(status) > 0)
    .map((status) => `${count(status)} ${status}`)
    .join(", ");
  return `[${repository} ${branch}] ${revision.slice(0, 7)} ${subject} (${changes || "no files"})`;
}
