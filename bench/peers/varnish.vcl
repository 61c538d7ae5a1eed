# varnish as a cache before the peer that holds the bytes. {{name}} is filled in.
vcl 4.1;

backend origin {
  .host = "127.0.0.1";
  .port = "{{port}}";
}

sub vcl_recv {
  # A request with a credential would not be answered from the cache.
  return (hash);
}

sub vcl_hash {
  hash_data(req.url);
  return (lookup);
}

sub vcl_backend_response {
  set beresp.ttl = 1d;
  set beresp.do_gzip = true;
  return (deliver);
}

sub vcl_deliver {
  if (obj.hits > 0) {
    set resp.http.X-Cache = "HIT";
  } else {
    set resp.http.X-Cache = "MISS";
  }
}
