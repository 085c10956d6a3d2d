"""Ordinary English words, so that few of them look like a made-up name when they first appear in a prompt."""

VERBS = """accept admire admit adopt advise afford aim allow announce apologise appoint approve argue arrange assist assume attach attend await award backed balance beg behave belong bet
blame bless boil boost bounce bow brag bring broadcast browse bump bury cancel cater celebrate chase chat chew claim clap clean combine comment compete complain compose concern confess
confirm connect contact contain contribute convince correct cough craft crawl create criticise damage date decline decorate delay deliver demand depart depend deposit desire develop dig
disagree disappear discuss dislike donate doubt download drag dread drift drip earn elect embrace emerge employ encourage engage escape establish estimate exceed exchange exclude exercise
expand expire express extend face fasten fetch file fill film finalise fish flee flip focus forbid forecast forgive forward found gain gaze generate glance grab grant greet grill grin
grip guarantee handle harvest haunt head hesitate hike hint hire host hug hunt identify ignore imagine impress improve inform inherit inquire insist inspect inspire install intend
interrupt introduce investigate involve issue judge justify knit launch lean lend lick list locate lock look maintain manage mend migrate mix moan monitor mop mow nod notify obtain
occupy occur offend oppose organise overlook owe own pack paint park participate pat peel perform permit persuade pinch polish possess postpone pray preach preserve preview proceed
produce progress prohibit propose punish purchase pursue qualify quit quote realise rebuild recall recite recognise recommend recover recruit reduce reflect register reject release relax
relocate rely renew rent repair replace report represent request rescue resemble reserve resign resist resolve respect respond restore resume retire reveal revise reward rinse risk
roam rob rotate rush satisfy scan scatter schedule scratch scream scrub seal select settle shave shout shrink sigh sip sketch slam slice slide snap sneeze sniff soak solve spill spin
split spoil sponsor spray sprint squeeze stack stamp stare store strengthen stretch struggle submit succeed suck surrender survive suspect swallow swap sweep swell switch tackle tap
tease tempt thank tick tickle toss trace transfer transform translate transmit treat tremble tumble unlock unpack update upgrade urge vanish vary visit volunteer vote wander warn wave
whistle wipe withdraw witness wonder wrestle yawn yell""".split()
NOUNS = """ability absence academy accent accident account accuracy act action activity adult advantage adventure advice age agency agenda agent agreement aim air aisle alarm album alley
alphabet angle ankle anniversary announcement apartment apology appetite applause applicant application apron arch area argument arm arrangement arrival article ash aspect assembly
assistant athlete attic attitude auction audience aunt author autumn avenue average award axe background badge bakery balcony balloon barn barrel base basement basket bathroom battle
beach beam beard bedroom beginner behaviour belief bell belt bench benefit bill birthplace blanket blend blog board bonus border bottle brain brand brick bride bridge brief brochure
bucket buddy budget builder building bulletin bunch bundle burden bureau burger butcher button buyer cabin cabinet cable calendar camera campus candidate candle canvas cap capacity
captain card career carpet carrier cart case cash castle catalogue category ceiling celebration cellar centre century ceremony chain chairman challenge chamber champion channel chapter
character charge charity chart cheek chest chimney chin citizen claim clerk client cliff clinic closet clothes clue coach code colleague collection college column comfort committee
community companion comparison complaint concept condition conference confidence conflict connection consequence contest context contract contrast cook cottage cotton council
counter countryside couple courtyard crane cream credit crew crime crisis critic crop crossing crown curtain customer custom database deadline dealer debate debt decade decision deck
degree delegate delivery demand department deputy description desert design designer desire destination detail detective device diagram dialogue diary dictionary difference difficulty
director disaster discount discovery discussion dish disk display district division document domain donor dose dozen draft drawer drawing dream dressing driver duke dump echo edge
edition editor effect elbow elevator emergency emotion emperor employee employer encounter engine entrance entry envelope episode equipment error essay estate evidence exam exception
excitement exhibition exit experience expert explanation expression extent extra eyebrow fabric facility factor failure faith fame fan fare farmer fashion fault favour feather feature
fee fellow fence ferry festival fiction figure filter finance fireplace flag flame flavour fleet flight flood flour fluid fog folder folk font foot footpath forehead form fortune forum
foundation fountain fraction frequency fridge fuel function fund funeral furniture gallery gap garage garment gender gentleman gesture ghost glove glue gossip grace grain grandfather
grandmother grant graph grave grocery guarantee guard guardian guest guideline guy gym hallway hammer handful handle harm harvest headline heap hearing heel heir helmet herb highlight
hint hobby honour hook horn hospital host household housing hunger husband idea identity image impact impression income index individual industry infant influence information injury ink
inn input insect inspector instance institute instruction instrument insurance intention interview introduction investment invitation item jacket jail jar jaw jewel journal journey judge
jug juice junction jury justice kettle kit label ladder landlord landscape lane language laptop laundry lawn lawyer layer leader leaflet league leather lecture ledger legend leisure
length lesson liberty library licence lid lifetime link list literature load loan lobby location log logo lord lorry loss luggage lump magazine maid mail majority manager manner
manual map margin market marriage mask mate material maximum mayor meadow meal meaning measure medal media medicine mention menu merchant mess metal midnight minister minority mirror
mission mixture mode monument mood moral motor mouse mud muscle museum mystery myth napkin nation nature needle neighbour neighbourhood nerve network newcomer nightmare notebook novel
nurse object objective obligation occasion offer officer official opening operation opinion opponent opportunity option orchard organ origin outcome outfit output oven owner pace package
pad palace palm pan panel panic parade parcel partner passage passenger passport pasture patch patience pattern pavement payment peak pencil pension percentage performance period
permission phase phrase pilot pin pipe pity planet platform plot poem poet poetry pole police policy pool population porch port portrait post poster pot potato pottery pound
poverty powder presence presentation president pressure pride priest prince princess principle print priority prison prize procedure process producer profession profit programme project
property proportion proposal protest province pub publisher pump pupil puppet purpose purse puzzle quality quantity quarrel quest queue quiz raffle rail railway range rank rate ray
reader reception recipe reception reduction reference region regret relation relative relief remark remedy rent repair reply republic reputation requirement research reserve resident
resort resource response restaurant retreat return review revolution rhythm ribbon rice rival role roommate root routine row ruin ruler rumour runner safety sailor salad salary sample
sandwich sauce scene schedule scheme scholar score screen script sculpture seal section sector security seed seller senator sequence series servant session setting settlement shadow
shame sheet shelter shift shore shoulder shower sibling signal signature silence silk singer situation sketch slice slogan smell smoke snack society sofa soldier solution source spark
speaker spirit spite staff stake stall stamp standard statement station statue status steam stem stock stomach stool storage strategy strength stress stroke structure studio style
subject substance suburb success suit suitcase sum summary sunset supper supplier surface surgery surname surprise survey suspect switch symbol system tailor talent tank tap target task
tax teacher teammate technique telephone temple tenant tension tent term terrace territory text theme theory thief thread threat throat ticket tide tile title toast tobacco toe ton
topic torch tour tourist tower trace track tradition traffic trail trainer transport trap treasure treat trend trial tribe tribute trousers truck trunk truth tube tune tunnel twin
umbrella uniform union unit university update upstairs user vacation valley van variety vase vegetable vehicle venture verse version veteran vicar victim victory video viewer villa
violence virtue vision visitor vocabulary volume volunteer vote voucher wage waist waiter waitress wallet wardrobe warehouse warning wealth weapon website wedding weekend welfare wheat
wheel widow width willow winner wisdom witness wolf workshop worker workplace worm wound wrist writer yacht youth zone""".split()
OTHERS = """abroad absent absolute abstract academic active actual acute additional adequate advanced afterwards alike almost aloud altogether amazingly annual anywhere apparently
approximately ashamed automatic aware awkward backwards badly barely bare beloved beneath bitter blank blind blond blunt bold bored brief briefly bright broken busily calmly casual
cautious central certainly chief civil classic clever closely closer clumsy colourful commercial comparable compact confident constant contrary convenient correctly costly crowded
crucial cruel currently customary deaf decent definite deliberate delicate dense despite devoted digital diligent dim distant distinct domestic double downstairs due dull eager elderly
electric elegant elsewhere eager entirely equally essential eventually everywhere evident exclusive external extreme faint fairly faithful false finally firmly flexible fluent fond
forever formal former formerly fortunate fragile frank frequent frequently fully furious gently genuine gradual grateful greedy grey gross guilty handsome handy harsh hasty heavily hence
hollow humble ideal identical idle ill illegal immediate immense incredible indeed independent indoor inevitable inner innocent instantly intense internal irregular jealous joint jolly
junior keen largely lately latest latter lazy legal likely literally lively local lonely loosely loyal mad mainly major manual massive mature maximum meanwhile mechanical medium mental
mere merely messy minimal minor mobile moderate modest monthly moreover mostly mutual mysterious naked namely native natural nearby nearly neat nervous nevertheless normally noisy
notable numerous obvious occasional odd official oldest orange ordinary organic otherwise outdoor outer overall overnight pale parallel partial particular patient peculiar permanent
personal plain plentiful polite popular potential precise precious present previous primary prior private probable professional prominent prompt properly proud purely quietly rapid
rarely readily recent recently regular relevant reliable reluctant remarkable remote respectable responsible rigid ripe rival romantic rotten roughly royal rude rural sacred scarce
secondary secretly senior sensible sensitive severe shallow shy significant simply sincere skilful sleepy slight slightly smoothly sober social sole solid somehow somewhat somewhere
sophisticated spare specific spiritual splendid spontaneous stable steady steep sticky stiff strict strictly stubborn subsequent subtle sufficient suitable superior surely swift
technical temporary tender thirsty thorough thoroughly thoughtful tight tough traditional transparent tricky tropical typical unable unaware unknown unlike unusual upper urban urgent
useless usually vague valid valuable vast vertical viable visible vital vivid voluntary vulnerable weekly whereas wherever whoever widely wooden worldwide worse worst worthy youngest""".split()
