"""Word banks: sentiment adjectives and topic keywords."""

GOOD = """good great excellent wonderful fantastic amazing awesome superb lovely brilliant perfect delightful outstanding terrific
marvellous splendid charming beautiful impressive fabulous pleasant enjoyable incredible remarkable stunning magnificent exceptional
reliable comfortable delicious friendly helpful fast clean fresh funny elegant smooth quiet useful cosy generous kind gorgeous
first-rate flawless refreshing inspiring touching clever tasty polite efficient sturdy bright fun superior top-notch tremendous
heartwarming thrilling satisfying relaxing convenient worthwhile""".split()
BAD = """bad terrible awful horrible dreadful poor disappointing boring ugly broken useless disgusting annoying slow dirty rude noisy
unpleasant unreliable uncomfortable lousy pathetic miserable nasty faulty cheap stale tasteless cold confusing dull frustrating
overpriced unhelpful weak mediocre shoddy unacceptable atrocious appalling horrendous depressing painful tedious clumsy flimsy greasy
smelly sticky buggy laggy worthless inferior disastrous irritating bland dreary unfriendly unprofessional defective damaged ridiculous
shameful infuriating""".split()
NEUTRAL = """average okay ordinary standard normal fine typical usual medium plain regular acceptable unremarkable grey square rectangular
wooden new two-storey digital""".split()


def _topic(labels, words, *templates):
    return {"labels": labels.split("/"), "words": [w.strip() for w in words.split(",")], "templates": list(templates) + GENERIC}


GENERIC = [
    "(The|A) (report|story|article|talk) (about|on) {a} (and {b} |)(in {p} |)(was published|came out|is due) (today|this week|yesterday).",
    "{n} (talked|wrote|asked|spoke) about {a} and {b}(.| yesterday.| in {p}.)",
    "(Everyone|Nobody|People) in {p} (is talking|was talking|talk) about (the |){a}.",
    "(My|Our|Her|His) (friend|neighbour|cousin|colleague) {n} (knows|learned|explained) (a lot|everything|something) about {a}.",
    "(News|Update|Note)(: | from {p}: ){a}, {b} (and more|)(.|)",
    "(Can you|Could you|Please) (help|advise) me (with|about) (the |my |){a}( and the {b}|)?",
    "I have a question about (the |my |){a}.",
]
TOPICS = {
    "sports": _topic(
        "sport/athletics/games and sports",
        "football,the goalkeeper,the tennis match,a penalty kick,the championship,the marathon,basketball,the coach,the league,the Olympic team,a cycling race,the swimmer,the final score,the stadium,hockey,a hat-trick,the referee,rugby,the world cup,the striker,a golf tournament,boxing,the quarterback,the relay race,volleyball,baseball,the home run,the tournament",
        "{n} scored (twice|a goal|three times|in the last minute) (and|as) the team (won|lost|drew) (the match|the final|against {p}).",
        "{p} (beat|defeated|lost to) the champions (in|after) (the final|extra time|a thrilling game|penalties).",
        "The (coach|team|player|referee) (from {p} |)(celebrated|protested|trained|rested) (before|after) the (match|race|game|final).",
        "{n} (broke|set) a (new |)(world |national |)record in the (marathon|sprint|relay|long jump|swimming race)."),
    "technology": _topic(
        "tech/computing/IT/gadgets",
        "software,the new smartphone,a laptop,the processor,artificial intelligence,the operating system,a database,cloud computing,the web browser,an app,the robot,a software update,the server,encryption,the graphics card,programming,the source code,a security patch,the router,machine learning,the chip,a startup's app,the keyboard driver,open source,the data centre,virtual reality,a compiler,the password manager",
        "{c} (released|announced|unveiled) (a new|its latest) (phone|chip|laptop|operating system|app|robot)(.| with a faster processor.)",
        "The (update|patch|server|app|software) (crashed|fixed a bug|improved performance|leaked passwords)(.| after the upgrade.)",
        "(Engineers|Developers|Programmers) at {c} (wrote|shipped|tested) (new |)(code|software|a neural network|an algorithm)."),
    "politics": _topic(
        "government/political news/policy",
        "the election,the president,parliament,the new law,a minister,the vote,the senate,a treaty,the prime minister,the campaign,a referendum,the opposition party,the mayor,foreign policy,the constitution,a coalition,the ambassador,voters,tax reform bill,the congress,the cabinet,a diplomat,the governor,the ballot,democracy,sanctions,lawmakers",
        "(Parliament|The senate|The government|Congress) (passed|rejected|debated) (a|the) (bill|law|treaty|reform)(.| on Tuesday.)",
        "(President|Minister|Mayor|Senator) {n} (won|lost|resigned after|campaigned in) the election(.| in {p}.)",
        "Voters in {p} (went to the polls|elected a new mayor|rejected the referendum)."),
    "business": _topic(
        "finance/economy/money/commerce",
        "the stock market,quarterly profits,a merger,the shareholders,inflation,the interest rate,the bank,a takeover,investors,exports,the budget deficit,sales figures,the chief executive,bankruptcy,the factory,revenue,the dividend,the supply chain,bonds,a loan,the currency,the retailer,wages,the insurance company,market share,the invoice",
        "{c} (reported|announced) (record|falling|rising|lower) (profits|sales|revenue)(.| for the quarter.)",
        "(Shares|Stocks) (of|in) {c} (rose|fell|jumped|dropped) (by|) (two|five|ten|eight) percent(.| after the merger.)",
        "{c} (bought|acquired|merged with|sold its stake in) (a rival|its supplier|a bank|part of its business).",
        "The (central bank|market|board) (raised interest rates|fired the chief executive|approved the takeover|cut the dividend)."),
    "health": _topic(
        "medicine/medical/wellness",
        "a vaccine,the hospital,doctors,the flu,blood pressure,the patient,a surgery,vitamins,the nurse,a virus,diabetes,the clinic,mental health,sleep problems,an allergy,the heart,headaches,antibiotics,a healthy diet,the treatment,back pain,the pharmacy,cancer research,a fever,physiotherapy,an infection,the immune system",
        "(Doctors|Nurses|Surgeons) in {p} (treated|cured|vaccinated|operated on) (hundreds of|many|two) patients.",
        "A (new |)(vaccine|drug|treatment|therapy) (reduces|cures|prevents) (fever|migraine|infections|heart disease).",
        "{n} has a (fever|cough|headache|broken leg|sore throat) and (went to|called|needs) the (hospital|doctor|clinic)."),
    "travel": _topic(
        "tourism/trips/holidays",
        "the flight,a hotel room,the beach holiday,the passport,a guided tour,luggage,the airport,a cruise,backpacking,the train journey,a visa,sightseeing,the hostel,a road trip,tourists,the travel agency,a suitcase,the island resort,camping,the itinerary,a boarding pass,the museum tour,the souvenir shop",
        "(We|They|{n}) (flew|travelled|took a train) (to|from) {p} (for|on) (a week|holiday|vacation|a sightseeing trip).",
        "The (hotel|hostel|resort|airport) in {p} (was full of tourists|has a new terminal|offers guided tours).",
        "(Book|Cancel|Plan) (a|my|the) (flight|cruise|hotel|trip) to {p}(.| for the holidays.)"),
    "food": _topic(
        "cooking/cuisine/recipes/gastronomy",
        "the recipe,pasta,chocolate cake,the chef,garlic,a soup,fresh bread,olive oil,the oven,a salad,grilled fish,spices,the restaurant menu,cheese,dessert,vegetables,butter,pancakes,rice,roast chicken,a sandwich,tomatoes,baking,noodles,the kitchen,strawberry jam,a stew,breakfast cereal",
        "(Add|Mix|Chop|Stir|Bake) the (flour|butter|onions|garlic|eggs|dough|sugar) (for ten minutes|until golden|with salt|and serve hot).",
        "(Chef {n}|{n}|The chef) (cooked|baked|grilled|served) (fish|pasta|a cake|soup|bread|vegetables) (in {p}|with lemon|for dinner).",
        "The (soup|sauce|cake|curry) (needs more salt|tastes of garlic|is baked with butter)."),
    "science": _topic(
        "research/physics and chemistry/discoveries",
        "the telescope,a black hole,the experiment,atoms,the laboratory,a fossil,gravity,the planet Mars,molecules,the microscope,DNA,a chemical reaction,astronomers,quantum physics,the theory,electrons,evolution,a meteorite,the galaxy,biologists,the particle accelerator,genes,dinosaurs,the hypothesis,a new species",
        "(Scientists|Researchers|Astronomers|Physicists|Biologists) (discovered|observed|measured|found) a (new |)(planet|particle|species|galaxy|molecule|fossil)(.| near {p}.)",
        "The (experiment|telescope|laboratory|theory) (confirmed|revealed|predicted) (how atoms|that electrons|that galaxies) (move|behave|form)."),
    "entertainment": _topic(
        "movies/music/culture/show business/arts",
        "the movie,a concert,the actress,the album,a comedy show,the film director,the band,a television series,the singer,the theatre play,a guitar solo,the box office,the soundtrack,a celebrity,the orchestra,the premiere,the drummer,an opera,the sequel,the award ceremony,a cartoon,the dance show",
        "(Singer|Actor|Actress|Director|Rapper) {n} (released a new album|won an award|starred in a film|cancelled the concert).",
        "The (film|movie|band|series|play) (premiered|topped the charts|opened in cinemas|got a sequel)(.| in {p}.)"),
    "weather": _topic(
        "climate/forecast/meteorology",
        "heavy rain,the storm,sunshine,snow,the wind,a hurricane,fog,the temperature,a heatwave,thunder,the forecast,frost,a rainbow,humidity,clouds,lightning,a drought,hail,the cold front,drizzle,a blizzard",
        "(Heavy rain|Snow|Strong wind|Sunshine|Fog|Thunder) is expected (in|near|over) {p} (tomorrow|tonight|this weekend).",
        "(Temperatures|The temperature) (in {p} |)will (rise|drop|fall) (to|by|above|below) (ten|thirty|five|zero) degrees.",
        "A (storm|hurricane|blizzard|heatwave) (hit|is moving towards|left) {p}."),
    "education": _topic(
        "school/learning/teaching",
        "the exam,the teacher,homework,a university degree,students,the classroom,a scholarship,the school year,the professor,a diploma,the curriculum,the lecture,kindergarten,tuition fees,the textbook,a school project,the headmaster,the graduation,the essay,pupils,a maths lesson",
        "(Students|Pupils|Teachers) (in|from) {p} (passed the exam|got new textbooks|went back to school|finished the semester).",
        "(Professor|Teacher) {n} (taught|graded|lectured|explained the lesson to) the (class|students|pupils)."),
    "nature": _topic(
        "animals/wildlife/environment",
        "the forest,wolves,a rare bird,the river,the whales,trees,a bear,wild flowers,the coral reef,bees,the elephants,a butterfly,the mountain lake,deer,the rainforest,an owl,the foxes,penguins,the wetlands,a nest,turtles,squirrels",
        "A (wolf|bear|deer|fox|owl|herd of elephants) was (seen|spotted|filmed) in the (forest|mountains|wetlands|hills) near {p}.",
        "The (birds|bees|whales|turtles|butterflies) (return|migrate|nest) (every spring|along the river|near {p})."),
    "billing": _topic(
        "payments/invoices/payment",
        "the invoice,a double charge,my credit card,the monthly bill,a refund,the subscription fee,the receipt,the payment method,an overcharge,the discount code,the price on my bill,the direct debit,a late fee",
        "(I was|My card was) (charged|billed) (twice|too much|two times) (this month|for one order|by mistake).",
        "(Please|Can you) (refund|cancel) (the|my) (payment|charge|subscription fee)(.|?)",
        "(Where|How) can I (pay my bill|change my credit card|download the invoice)?"),
    "shipping": _topic(
        "delivery/logistics/parcels",
        "my parcel,the delivery date,the courier,the tracking number,a lost package,the shipping address,express delivery,the warehouse,customs,the return label,the postman,a delayed shipment",
        "(My|The) (package|parcel|order|shipment) (has not arrived|is late|is stuck in {p}|was left at the wrong door).",
        "(When|Where) (will|is) my (parcel|package|order) (arrive|now|be delivered)?",
        "The (courier|tracking page|driver) (lost|delivered|says that) (my|the) (parcel|package) (is|) in {p}."),
    "account": _topic(
        "login/accounts/access",
        "my password,the login page,my username,the account settings,two-factor codes,my profile,the sign-up form,a locked account,the verification email,my email address in the profile",
        "I (forgot|cannot change|lost|need to reset) my (password|username|login).",
        "(My account is|The account was) (locked|blocked|deleted|disabled)(.| since Monday.)",
        "(How|Where) (do|can) I (log in|sign up|delete my account|change my username)?"),
}
