# Varnish with its own rules; what is never kept goes through without queueing, as its manual advises.
vcl 4.1;
backend origin {
  .host = "127.0.0.1";
  .port = "@ORIGIN@";
  .max_connections = 1024;
}
sub vcl_recv {
  if (req.url ~ "^/pass") { return (pass); }
}
