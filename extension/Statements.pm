# An install script as a list of statements. Used by make_update and by test/search_path.
#
#   my @statements = Statements::of($text);   # of each: text, plain, kind, name, and what the kind has besides
#
# text is the statement as it stands, without comments before it. plain is the same without comments and with single blanks outside of strings.
# Functions, procedures and aggregates have key, "FUNCTION cerebro.f(text, bigint)": a script says the types of arguments in the COMMENT that
# follows a CREATE, so no argument list is taken apart. They have head (all before AS or LANGUAGE), and comments have key, too.
package Statements;
use strict;
use warnings;

my $string = qr/'(?:[^']|'')*'/;
my $quoted = qr/"(?:[^"]|"")*"/;
my $body = qr/\$(\w*)\$.*?\$\g{-1}\$/s;

sub of {
  my ($text) = @_;
  my @found;
  my ($whole, $plain, $remark) = ("", "", "");
  while ($text =~ /\G(?:(--[^\n]*\n|\/\*.*?\*\/)|(^\\[^\n]*\n)|($string|$quoted|$body)|(;)|(\s+)|(.))/gcsm) {
    my ($comment, $psql, $literal, $end, $space, $other) = ($1, $2, $3, $5, $6, $7);
    if (defined $psql) { next }
    if (defined $comment) { if ($whole =~ /\S/) { $whole .= $comment } else { $remark .= $comment } }
    elsif (defined $space) { $whole .= $space if $whole =~ /\S/; $plain .= " " if $plain =~ /\S$/ }
    elsif (defined $end) {
      push @found, describe($whole, $plain, $remark);
      ($whole, $plain, $remark) = ("", "", "");
    } else {
      my $piece = defined $literal ? $literal : $other;
      $whole .= $piece;
      $plain .= $piece;
    }
  }
  die "a statement does not end: $plain\n" if $plain =~ /\S/;
  return name_functions(@found);
}

my $name = qr/(?:$quoted|\w+)(?:\.(?:$quoted|\w+))?/;

sub describe {
  my ($whole, $plain, $remark) = @_;
  my $s = {text => $whole, plain => $plain, remark => $remark, kind => "other", name => ""};
  if ($plain =~ /^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE|AGGREGATE) ($name)/) {
    @$s{qw(kind replaces name)} = ($2, defined $1, $3);
    ($s->{head}) = $2 eq "AGGREGATE" ? ($plain) : $plain =~ /^CREATE (?:OR REPLACE )?(.*?\)(?: RETURNS .*?)?) (?:AS|LANGUAGE) /s;
    ($s->{language}) = $plain =~ /\bLANGUAGE (\w+)/;
  } elsif ($plain =~ /^CREATE (VIEW|TABLE|TYPE|SCHEMA) ($name)/) {
    @$s{qw(kind name)} = ($1, $2);
  } elsif ($plain =~ /^COMMENT ON (FUNCTION|PROCEDURE|AGGREGATE) (($name) ?\(.*?\)) IS /s) {
    @$s{qw(kind key name)} = ("COMMENT", "$1 $2", $3);
  } elsif ($plain =~ /^COMMENT ON (\w+) ($name(?:\.\w+)?) IS /) {
    @$s{qw(kind name)} = ("COMMENT", $1 eq "COLUMN" ? $2 =~ s/\.\w+$//r : $2);
  } elsif ($plain =~ /^(?:GRANT|REVOKE) .*? ON (?:ALL )?(?:(?:TABLE|FUNCTION|PROCEDURE|SCHEMA) )?(.*?) (?:TO|FROM) /) {
    @$s{qw(kind name)} = ("RIGHTS", $1);
  } elsif ($plain =~ /^ALTER (FUNCTION|TABLE) ($name)/) {
    @$s{qw(kind name)} = ("ALTER $1", $2);
  } elsif ($plain =~ /^SELECT pg_catalog\.pg_extension_config_dump\('($name)'/) {
    @$s{qw(kind name)} = ("DUMPED", $1);
  } elsif ($plain =~ /^DO /) {
    $s->{kind} = "DO";
  }
  return $s;
}

# Gives functions their keys: from the COMMENT that follows, or, where one is replaced, from the first one of the same name and arguments.
sub name_functions {
  my @statements = @_;
  my %key_of;
  for my $i (0 .. $#statements) {
    my $s = $statements[$i];
    next unless $s->{kind} =~ /^(FUNCTION|PROCEDURE|AGGREGATE)$/;
    my $next = $statements[$i + 1];
    if ($next && ($next->{key} // "") =~ /^\w+ \Q$s->{name}\E ?\(/) { $s->{key} = $next->{key} }
    elsif ($s->{replaces}) { $s->{key} = $key_of{$s->{head}} }
    die "no COMMENT follows: $s->{head}\n" unless defined $s->{key};
    $s->{key} =~ s/ \(/(/;
    $key_of{$s->{head}} //= $s->{key};
  }
  return @statements;
}

sub read_file {
  my ($path) = @_;
  open(my $in, "<", $path) or die "$path: $!\n";
  local $/;
  return scalar <$in>;
}

1;
