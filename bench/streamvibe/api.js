// The service `api`: everything of StreamVibe but recommendations. `node api.js --help`

import { live } from './api/live.js';
import { media } from './api/media.js';
import { people } from './api/people.js';
import { search } from './api/search.js';
import { upload } from './api/upload.js';
import { videos } from './api/videos.js';
import { writes } from './api/writes.js';
import { say } from './process.js';
import { serve } from './service.js';

const kParts = [videos, people, search, writes, upload, media, live];

serve('api', (app, parts) => { for (const install of kParts) install(app, parts); })
  .catch((error) => { say(`api: ${error.message}`); process.exit(1); });
