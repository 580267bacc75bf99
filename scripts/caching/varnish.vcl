# Varnish with its built-in policy; the lifetimes without a rule of the origin are arguments of varnishd.
vcl 4.1;

backend default {
    .host = "127.0.0.1";
    .port = "@ORIGIN@";
}
