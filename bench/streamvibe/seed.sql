-- StreamVibe's data, the same on every machine: psql -v scale=1 -f schema.sql -f seed.sql
--
-- Everything that looks random is a hash of the row's number, so it needs no random generator and no order of
-- execution. Popularity follows Zipf: of a total of T events, the video of rank r gets the share r^-s / sum(k^-s),
-- handed out by the running sum, so that the total is exact. Rank and id are apart (rank_to_id): the most popular
-- video isn't video 1. bench/journeys/popularity.js does the same sum, to ask for what is popular here.

SELECT greatest(20, round(20000 * :scale))::int   AS users,
       greatest(20, round(100000 * :scale))::int  AS videos,
       greatest(20, round(300000 * :scale))::int  AS comments,
       greatest(20, round(500000 * :scale))::int  AS likes,
       greatest(20, round(500000 * :scale))::int  AS views,
       greatest(20, round(200000 * :scale))::int  AS follows \gset

CREATE FUNCTION pg_temp.dice(n bigint, salt int, sides bigint) RETURNS int LANGUAGE sql IMMUTABLE AS
  $$ SELECT ((hashint8extended(n, salt) & 9223372036854775807) % sides)::int $$;

-- 2654435761 is prime and larger than any table here, so this is a permutation of 1..size.
CREATE FUNCTION pg_temp.rank_to_id(rank bigint, size bigint) RETURNS int LANGUAGE sql IMMUTABLE AS
  $$ SELECT (rank * 2654435761 % size + 1)::int $$;

CREATE FUNCTION pg_temp.word(n bigint, salt int, words text[]) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT words[1 + pg_temp.dice(n, salt, array_length(words, 1))] $$;

-- One row an event: the thing's rank and how many events of that thing came before it.
CREATE FUNCTION pg_temp.zipf(things int, events int, s float8) RETURNS TABLE (rank int, nth int) LANGUAGE sql AS $$
  WITH running AS (
    SELECT r, sum(power(r, -s)) OVER (ORDER BY r) AS upto, sum(power(r, -s)) OVER () AS whole
    FROM generate_series(1, things) r
  ), share AS (
    SELECT r, round(upto / whole * events)::int AS upto FROM running
  ), counted AS (
    SELECT r, upto - lag(upto, 1, 0) OVER (ORDER BY r) AS n FROM share
  )
  SELECT r, k FROM counted, generate_series(0, n - 1) k
$$;

CREATE FUNCTION pg_temp.moment(n bigint, salt int) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
  $$ SELECT timestamptz '2024-01-01 00:00:00+00' + make_interval(secs => pg_temp.dice(n, salt, 31536000)) $$;

CREATE TEMP TABLE words AS SELECT
  '{calm,wild,tiny,secret,golden,slow,brave,hidden,electric,frozen,lazy,noisy,perfect,strange,velvet,honest,midnight,endless,crispy,gentle}'::text[] AS adjectives,
  '{river,kitchen,guitar,mountain,robot,garden,bicycle,ocean,coffee,castle,keyboard,forest,pancake,telescope,harbour,violin,desert,rocket,library,lantern,noodle,puzzle,skateboard,volcano}'::text[] AS nouns,
  '{tour,lesson,review,story,challenge,session,tutorial,documentary,concert,vlog,experiment,speedrun}'::text[] AS kinds,
  '{music,travel,cooking,science,gaming,sport,comedy,news,art,technology}'::text[] AS categories,
  '{live,howto,short,classic,beginner,expert,outdoor,indoor,family,night,diy,history,nature,city,retro,future,budget,luxury,quiet,loud,winter,summer,solo,team,remix,acoustic,animals,food,space,water,fire,wood,metal,paper,light,shadow,fast,gentle,deep,weekly}'::text[] AS tags,
  '{Ada,Bela,Chidi,Dana,Emil,Farah,Goran,Hana,Ines,Jonas,Kaya,Liam,Mira,Noor,Oskar,Priya,Quinn,Rosa,Sami,Tove,Uma,Viktor,Wanda,Yusuf,Zoe}'::text[] AS names,
  '{"loved every minute of it","the part about the % was new to me","please make one about the % next","watched it twice already","not sure about the %, but the rest is great","who else is here for the %?","my favourite so far","the sound is a little quiet"}'::text[] AS remarks;

\echo users :users
INSERT INTO users (id, name, bio, created_at)
SELECT n, pg_temp.word(n, 1, names) || ' ' || upper(left(noun, 1)) || substr(noun, 2) || ' ' || n,
       'Makes ' || pg_temp.word(n, 3, adjectives) || ' videos about the ' || pg_temp.word(n, 4, nouns) || '.',
       pg_temp.moment(n, 5) - interval '1 year'
FROM words, generate_series(1, :users) n, LATERAL (SELECT pg_temp.word(n, 2, nouns) AS noun) pick;

\echo videos :videos
INSERT INTO videos (id, author_id, title, description, category, duration_s, created_at, updated_at)
SELECT n,
       -- the square pulls authorship towards a few busy authors
       pg_temp.rank_to_id(((pg_temp.dice(n, 10, 1000000) / 1e6) ^ 2 * :users)::int, :users),
       initcap(pg_temp.word(n, 11, adjectives) || ' ' || pg_temp.word(n, 12, nouns) || ' ' || pg_temp.word(n, 13, kinds)),
       'A ' || pg_temp.word(n, 14, adjectives) || ' ' || pg_temp.word(n, 13, kinds) || ' about a '
         || pg_temp.word(n, 15, nouns) || ', a ' || pg_temp.word(n, 16, nouns) || ' and the '
         || pg_temp.word(n, 17, adjectives) || ' ' || pg_temp.word(n, 18, nouns) || ' between them. Filmed with a '
         || pg_temp.word(n, 19, adjectives) || ' ' || pg_temp.word(n, 20, nouns) || '.',
       pg_temp.word(n, 21, categories), 30 + pg_temp.dice(n, 22, 3570), moment, moment
FROM words, generate_series(1, :videos) n, LATERAL (SELECT pg_temp.moment(n, 23) AS moment) pick;

\echo tags
INSERT INTO video_tags (video_id, tag)              -- three different ones a video: 7 and 14 steps on in a list of 40
SELECT n, tags[1 + (pg_temp.dice(n, 30, 40) + 7 * k) % 40]
FROM words, generate_series(1, :videos) n, generate_series(0, 2) k;

\echo follows :follows
INSERT INTO follows (follower_id, followed_id, created_at)
SELECT follower, followed, pg_temp.moment(follower * 1000003::bigint + followed, 40)
FROM pg_temp.zipf(:users, :follows, 0.6),
     LATERAL (SELECT pg_temp.rank_to_id(rank, :users) AS followed) a,
     LATERAL (SELECT (followed + nth) % :users + 1 AS follower) b        -- the next ids round: each another one
WHERE nth < :users - 1
ORDER BY 3, 1, 2;

\echo comments :comments
INSERT INTO comments (video_id, author_id, body, created_at)
SELECT pg_temp.rank_to_id(rank, :videos), 1 + pg_temp.dice(event, 50, :users),
       replace(pg_temp.word(event, 51, remarks), '%', pg_temp.word(event, 52, nouns)), pg_temp.moment(event, 53)
FROM words, pg_temp.zipf(:videos, :comments, 0.9), LATERAL (SELECT rank * 1000003::bigint + nth AS event) e
ORDER BY 4, event;

\echo likes :likes
INSERT INTO likes (video_id, user_id, created_at)   -- a user likes a video once
SELECT video, 1 + (pg_temp.dice(video, 60, :users) + nth) % :users, pg_temp.moment(rank * 1000003::bigint + nth, 61)
FROM pg_temp.zipf(:videos, :likes, 0.6), LATERAL (SELECT pg_temp.rank_to_id(rank, :videos) AS video) v
WHERE nth < :users
ORDER BY 3, 1, nth;

\echo views :views
INSERT INTO views (video_id, user_id, created_at)   -- one in ten without a signed-in user
SELECT pg_temp.rank_to_id(rank, :videos),
       CASE WHEN pg_temp.dice(event, 70, 10) > 0 THEN 1 + pg_temp.dice(event, 71, :users) END, pg_temp.moment(event, 72)
FROM pg_temp.zipf(:videos, :views, 1.0), LATERAL (SELECT rank * 1000003::bigint + nth AS event) e
ORDER BY 3, event;

\echo foreign keys
ALTER TABLE videos     ADD FOREIGN KEY (author_id)   REFERENCES users ON DELETE CASCADE;
ALTER TABLE video_tags ADD FOREIGN KEY (video_id)    REFERENCES videos ON DELETE CASCADE;
ALTER TABLE comments   ADD FOREIGN KEY (video_id)    REFERENCES videos ON DELETE CASCADE,
                       ADD FOREIGN KEY (author_id)   REFERENCES users ON DELETE CASCADE;
ALTER TABLE likes      ADD FOREIGN KEY (video_id)    REFERENCES videos ON DELETE CASCADE,
                       ADD FOREIGN KEY (user_id)     REFERENCES users ON DELETE CASCADE;
ALTER TABLE views      ADD FOREIGN KEY (video_id)    REFERENCES videos ON DELETE CASCADE,
                       ADD FOREIGN KEY (user_id)     REFERENCES users ON DELETE CASCADE;
ALTER TABLE follows    ADD FOREIGN KEY (follower_id) REFERENCES users ON DELETE CASCADE,
                       ADD FOREIGN KEY (followed_id) REFERENCES users ON DELETE CASCADE;

SELECT setval(pg_get_serial_sequence('users', 'id'), :users), setval(pg_get_serial_sequence('videos', 'id'), :videos) \g /dev/null
DROP TABLE words;
ANALYZE;
