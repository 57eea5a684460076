package bench
import ("testing";"time";"encoding/json";"handover/hl7v2";"handover/transform/v2fhir";"fmt";"os";"github.com/klauspost/compress/zstd"; "handover/record"; "handover/internal/store";"context";"handover")
func TestSizes(t *testing.T){
 c:=v2fhir.New(v2fhir.Config{Source:"lab",Zone:time.UTC})
 r,err:=record.Open(context.Background(),record.Config{Place:store.Place{Dir:t.TempDir()},SiteKey:make([]byte,32),Rules:record.Rules{}})
 if err!=nil{t.Fatal(err)}
 d,_:=os.ReadFile("../../journal/dictionary/json.zdict")
 enc,_:=zstd.NewWriter(nil,zstd.WithEncoderDict(d),zstd.WithEncoderLevel(zstd.SpeedFastest),zstd.WithEncoderConcurrency(1))
 enc2,_:=zstd.NewWriter(nil,zstd.WithEncoderDict(d),zstd.WithEncoderLevel(zstd.SpeedDefault),zstd.WithEncoderConcurrency(1))
 var msg,ja,jw,za,zw,zb,zp,z2 int; var join []byte
 res:=0
 for i:=0;i<2000;i++{ m:=messageAt(i+4000); p,_:=hl7v2.Parse(m.bytes); a,_:=c.Convert(p); a.Source=m.source
  w,err:=r.Compose(context.Background(),handover.Offset(i*4+1),a); if err!=nil{t.Fatal(err)}
  x,_:=json.Marshal(a); y,_:=json.Marshal(w); res+=len(w.Writes)
  if i==5 {fmt.Println(string(m.bytes)); fmt.Println(string(x)); fmt.Println(string(y))}
  msg+=len(m.bytes); ja+=len(x); jw+=len(y); za+=len(enc.EncodeAll(x,nil)); zw+=len(enc.EncodeAll(y,nil))
  xy:=append(x,y...); zb+=len(enc.EncodeAll(xy,nil)); join=append(join,xy...); if len(join)>256<<10 { zp+=len(enc.EncodeAll(join,nil)); z2+=len(enc2.EncodeAll(join,nil)); join=nil}
 }
 fmt.Println("msg",msg,"assert",ja,"write",jw,"z assert",za,"z write",zw,"z together",zb,"z 256K packs",zp,"default level",z2,"res",res)
}
