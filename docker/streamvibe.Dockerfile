# The demo API, StreamVibe: the same image runs both of its services.  docker build -f docker/streamvibe.Dockerfile -t streamvibe .
FROM node:20-bookworm-slim
WORKDIR /streamvibe
COPY bench/streamvibe/package.json bench/streamvibe/package-lock.json ./
RUN npm ci --omit=dev
COPY bench/streamvibe .
USER node
EXPOSE 3000
