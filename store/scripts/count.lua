-- count - what a node has counted of a tenant since it last said so, added to the hour.
-- ARGV 10 name 11 how many, and so on: s:v:CODE a refused validation, s:b:SIGNAL:MODE a binding that did not
-- fit, s:e:EVENT. Names of closed lists: few.
for i = 10, #ARGV, 2 do
  redis.call('HINCRBY', of_hour(''), ARGV[i], ARGV[i + 1])
end
leave_after(of_hour(''), TALLY_S)
return reply('OK')
