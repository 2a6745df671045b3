// What a change in StreamVibe's database makes invalid, by the tags of conf/streamvibe.yaml: the arguments of
//
//   weir postgres-sql --role streamvibe ARGUMENT… | psql "$DATABASE_URL"
//
// run once the data is seeded. Left out on purpose: views, of which there are so many that counts may lag (the route for them
// says `soft`), and feeds, whose tag is a digest of who asks, which no row knows.
export const kInvalidation = [
  'videos:video:{id},videos,trending,search,profile:{author_id}',
  'video_tags:video:{video_id},search',
  'comments:comments:{video_id},stats:{video_id}',
  'likes:stats:{video_id}',
  'follows:profile:{followed_id}',
  'users:profile:{id}',
];
